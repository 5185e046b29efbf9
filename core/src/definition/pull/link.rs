//! The `Link` header (RFC 8288), as servers really send it.

/// One link of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) target: String,
    params: Vec<(String, String)>,
}

impl Link {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        params
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn has_relation(&self, relation: &str) -> bool {
        let relations = self.param("rel").unwrap_or_default();
        relations
            .split_ascii_whitespace()
            .any(|known| known.eq_ignore_ascii_case(relation))
    }
}

/// The first link with a relation in any of the headers.
pub(crate) fn find<'a>(headers: impl Iterator<Item = &'a str>, relation: &str) -> Option<Link> {
    headers
        .flat_map(parse)
        .find(|link| link.has_relation(relation))
}

/// All links of one header; what is no link ends it.
fn parse(header: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = header.trim_start();
    while let Some(inside) = rest.trim_start_matches([',', ' ', '\t']).strip_prefix('<') {
        let Some((target, after)) = inside.split_once('>') else {
            break;
        };
        let (params, after) = params(after);
        links.push(Link {
            target: target.trim().to_owned(),
            params,
        });
        rest = after;
    }
    links
}

/// `; name=value; name="value"` up to the next link.
fn params(text: &str) -> (Vec<(String, String)>, &str) {
    let mut params = Vec::new();
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix(';') {
        let after = after.trim_start();
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            Some(after) => value(after.trim_start()),
            None => (String::new(), after),
        };
        params.push((name.trim().to_owned(), value));
        rest = after.trim_start();
    }
    (params, rest)
}

fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_link_is_found_however_it_is_written() {
        let check = |headers: &[&str], expect: Option<&str>| {
            let link = find(headers.iter().copied(), "next");
            assert_eq!(
                link.as_ref().map(|link| link.target.as_str()),
                expect,
                "{headers:?}"
            );
        };

        check(
            &[r#"<https://a.example/?page=2>; rel="next""#],
            Some("https://a.example/?page=2"),
        );
        check(
            &[r#"</u?p=1>; rel="prev", </u?p=3>; rel="next""#],
            Some("/u?p=3"),
        );
        check(&["</u?p=1>;rel=self", "</u?p=3>;rel=next"], Some("/u?p=3"));
        check(
            &[r#"<https://a.example/?q=a,b;c>; rel="next"; title="x, <y>; z""#],
            Some("https://a.example/?q=a,b;c"),
        );
        check(
            &[r#"</u?p=1>; title="a \"b\", c"; rel="prev", </u?p=3>; rel="last NEXT""#],
            Some("/u?p=3"),
        );
        check(&[r#"</u>; rel="nextpage""#], None);
        check(&["https://a.example; rel=next"], None);
        check(&["<unclosed; rel=next"], None);
        check(&[""], None);
        check(&[], None);
    }

    #[test]
    fn parameters_of_a_link_are_read() {
        let header = r#"</m>; rel="next"; results="false"; cursor="0:100:0""#;

        let link = find([header].into_iter(), "next").unwrap();

        assert_eq!(link.param("Results"), Some("false"));
        assert_eq!(link.param("cursor"), Some("0:100:0"));
    }

    proptest! {
        #[test]
        fn any_header_is_read_to_an_end(header in "[<>;,=\" a-z\\\\]{0,60}") {
            let _ = parse(&header);
        }
    }
}
