//! Query parameters in which credentials go out.

use url::{Url, form_urlencoded};

use super::Auth;

impl Auth {
    /// The names of the query parameters in which credentials go out.
    #[must_use]
    pub fn query_names(&self) -> Vec<&str> {
        match self {
            Self::Query { params } => params.iter().map(|field| field.name.as_str()).collect(),
            Self::None {}
            | Self::Bearer { .. }
            | Self::Basic { .. }
            | Self::Headers { .. }
            | Self::ClientCredentials(_)
            | Self::AuthorizationCode(_)
            | Self::Login(_)
            | Self::Jwt(_) => {
                let name = self.send().and_then(|send| send.query.as_deref());
                name.into_iter().collect()
            }
        }
    }
}

/// Takes parameters out of a URL; the rest stays as it is written.
pub fn take_out(url: &mut Url, names: &[impl AsRef<str>]) {
    let pairs = url.query().unwrap_or_default().split('&');
    let (taken, rest): (Vec<&str>, Vec<&str>) = pairs.partition(|pair| {
        form_urlencoded::parse(pair.as_bytes())
            .any(|(name, _)| names.iter().any(|taken| taken.as_ref() == name))
    });
    if taken.is_empty() {
        return;
    }
    let rest = (!rest.is_empty()).then(|| rest.join("&"));
    url.set_query(rest.as_deref());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_taken_out() {
        let check = |query: &str, expect: &str| {
            let mut url = Url::parse(&format!("https://a.example/u{query}")).unwrap();
            take_out(&mut url, &["api key"]);
            assert_eq!(url.as_str(), format!("https://a.example/u{expect}"));
        };

        check("?api+key=K", "");
        check("?p=%32&api%20key=K&q=a+b", "?p=%32&q=a+b");
        check("?api=1&key", "?api=1&key");
        check("?", "?");
    }
}
