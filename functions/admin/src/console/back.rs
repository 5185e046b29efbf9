//! Where somebody goes back to: the page that they came from, or the one above it where that address only takes forms.

use http::{HeaderMap, HeaderName, header};

use super::files::KINDS;
use super::frame::is_ours;
use super::{pages, posts};

/// The page of ours that a request came from. A page that answered a form has an address that nothing is at for who just
/// goes there: then it is the nearest page above.
pub(super) fn came_from(headers: &HeaderMap) -> Option<String> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let (_, rest) = text(header::REFERER)?.split_once("://")?;
    let place = rest.strip_prefix(host).filter(|place| is_ours(place))?;
    nearest(place).map(str::to_owned)
}

fn nearest(place: &str) -> Option<&str> {
    let path = place.split_once('?').map_or(place, |(path, _)| path);
    if is_page(path) {
        return Some(place);
    }
    let mut above = std::iter::successors(Some(path), |path| {
        path.rsplit_once('/').map(|(above, _)| above)
    });
    above.find(|path| is_page(path))
}

/// Is a page at this address, and not only an answer to a form?
fn is_page(path: &str) -> bool {
    let pages = pages();
    let is_form = |shape: &&'static str| !pages.contains(shape) && fits(shape, path);
    pages.iter().any(|shape| fits(shape, path)) && !posts().iter().any(is_form)
}

/// Is an address one of these, which have names of parameters in braces?
fn fits(shape: &str, path: &str) -> bool {
    if let Some((above, _)) = shape.split_once("{*") {
        return path.starts_with(above);
    }
    let is_same = |(part, text): (&str, &str)| match part {
        "{kind}" => KINDS.iter().any(|kind| kind.path == text),
        part => part.starts_with('{') || part == text,
    };
    shape.split('/').count() == path.split('/').count()
        && shape.split('/').zip(path.split('/')).all(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(place: &str, expect: Option<&str>) {
        assert_eq!(nearest(place), expect, "{place}");
    }

    #[test]
    fn one_goes_back_to_a_page_with_its_query() {
        for place in [
            "/console",
            "/console/people?q=ada",
            "/console/new/policies?id=makers",
            "/console/audit/config/1",
            "/console/builder/acme/yaml",
        ] {
            check(place, Some(place));
        }
    }

    #[test]
    fn what_only_takes_forms_leads_to_the_page_above() {
        let figma = "/console/apps/figma/provisioner";
        check(&format!("{figma}/test"), Some(figma));
        check(
            "/console/policies/a/changes?b=c",
            Some("/console/policies/a"),
        );
        check("/console/audit/verify", Some("/console/audit"));
        check("/console/builder/acme/save", Some("/console/builder"));
        check("/console/settings/keys/k/forget", Some("/console/settings"));
        check("/console/runs/r/steps/s/retry", Some("/console/runs/r"));
        check("/console/resume", Some("/console"));
        check("/approvals", None);
    }
}
