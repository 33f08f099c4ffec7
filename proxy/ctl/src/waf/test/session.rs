//! What a stage has of the stages before it in its test: where a redirect leads, and cookies.
//!
//! Only the target and the Host of a request follow a redirect. All requests go to the server under test: a suite cannot
//! send this machine elsewhere.

use http::Uri;

use super::{
    request::{Composed, Message},
    response::Response,
    suite::Stage,
};

/// What the stages of a test have left for the next.
#[derive(Debug, Default)]
pub(crate) struct State {
    cookies: Vec<(String, String)>,
    last: Option<Answered>,
}

/// The last stage.
#[derive(Debug)]
struct Answered {
    uri: String,
    status: u16,
    location: Option<String>,
}

impl State {
    /// The bytes of a stage's request.
    pub(crate) fn request(&self, stage: &Stage) -> Result<Vec<u8>, String> {
        let mut message = stage.message.clone();
        match &mut message {
            Message::Composed(parts) => {
                if stage.session.follow_redirect {
                    self.follow(parts)?;
                }
                self.add_cookies(parts);
            }
            Message::Raw(_) if stage.session.follow_redirect => {
                return Err("`follow_redirect` has no use for an encoded request".to_owned());
            }
            Message::Raw(_) => {}
        }
        Ok(message.bytes())
    }

    /// Keeps what the next stage may need.
    pub(crate) fn learn(&mut self, stage: &Stage, response: Option<&Response>) {
        let uri = match &stage.message {
            Message::Composed(parts) => parts.uri.clone(),
            Message::Raw(_) => "/".to_owned(),
        };
        self.last = response.map(|response| Answered {
            uri,
            status: response.status,
            location: response.field("location").map(str::to_owned),
        });
        let fields = response.iter().filter(|_| stage.session.save_cookie);
        for cookie in fields.flat_map(|response| response.fields("set-cookie")) {
            let pair = cookie.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            self.cookies.retain(|(known, _)| *known != name);
            self.cookies.push((name, value));
        }
    }

    fn follow(&self, parts: &mut Composed) -> Result<(), String> {
        let Some(last) = &self.last else {
            return Err("there is no answer before this stage to follow".to_owned());
        };
        let status = last.status;
        let Some(location) = last.location.as_ref().filter(|_| (300..400).contains(&status)) else {
            return Err(format!("the stage before this one did not redirect: status {status}"));
        };
        let (uri, host) = resolve(&last.uri, location)?;
        parts.uri = uri;
        if let Some(host) = host {
            parts.set("Host", host);
        }
        Ok(())
    }

    fn add_cookies(&self, parts: &mut Composed) {
        if self.cookies.is_empty() {
            return;
        }
        let own = parts.values("cookie").map(str::to_owned);
        let saved = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let all: Vec<_> = own.chain(saved).collect();
        parts.set("Cookie", all.join("; "));
    }
}

/// A request target, and a host where the location names one.
fn resolve(base: &str, location: &str) -> Result<(String, Option<String>), String> {
    let location = location.split('#').next().unwrap_or_default();
    let absolute = location.contains("://") || location.starts_with("//");
    if absolute {
        let text = if location.starts_with("//") {
            format!("http:{location}")
        } else {
            location.to_owned()
        };
        let uri: Uri = text.parse().map_err(|error| format!("`{location}` is no URL: {error}"))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        return Ok((path.to_owned(), uri.authority().map(|host| host.as_str().to_owned())));
    }
    let path = base.split('?').next().unwrap_or_default();
    let uri = match location.chars().next() {
        None => base.to_owned(),
        Some('/') => location.to_owned(),
        Some('?') => format!("{path}{location}"),
        Some(_) => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{location}")
        }
    };
    Ok((uri, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_lead_on_from_where_they_were_given() {
        for (base, location, uri, host) in [
            ("/a/b?c", "/d?e#f", "/d?e", None),
            ("/a/b?c", "d", "/a/d", None),
            ("/a/b?c", "?d", "/a/b?d", None),
            ("/a", "", "/a", None),
            ("*", "d", "/d", None),
            ("/a", "http://x.test:8080/d?e", "/d?e", Some("x.test:8080")),
            ("/a", "https://x.test", "/", Some("x.test")),
            ("/a", "//x.test/d", "/d", Some("x.test")),
        ] {
            let resolved = resolve(base, location).unwrap();
            assert_eq!(resolved, (uri.to_owned(), host.map(str::to_owned)), "{base} {location}");
        }
        assert!(resolve("/", "http://").is_err());
    }
}
