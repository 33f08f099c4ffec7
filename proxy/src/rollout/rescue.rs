//! Which failures of a colour the other one may make good. Pure.
//!
//! A request that may have had an effect is not sent twice, unless it says itself that this does no harm.

use http::StatusCode;

use crate::{error::Error, upstream::retry, wire::RequestHead};

/// Whether a request that ended so, without a byte of an answer sent to the client, may be sent to the other colour. Whether
/// its body is still there is for the caller to know.
pub fn allows(head: &RequestHead, outcome: Result<StatusCode, &Error>) -> bool {
    match outcome {
        Ok(status) => matches!(status.as_u16(), 502..=504) && is_repeatable(head),
        // Nobody has seen the request.
        Err(Error::Connect(_) | Error::ConnectTimeout | Error::NoEndpoint) => true,
        Err(Error::Reset(_) | Error::UpstreamMalformed(_) | Error::TryTimeout) => {
            is_repeatable(head)
        }
        Err(_) => false,
    }
}

/// Whether to send a request twice does what sending it once does: by its method (RFC 9110, 9.2.2), or because it carries a
/// key by which the origin knows it again (draft-ietf-httpapi-idempotency-key-header).
pub fn is_repeatable(head: &RequestHead) -> bool {
    let key = head.headers.get("idempotency-key");
    retry::is_idempotent(&head.method) || key.is_some_and(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method, Version};

    use super::*;
    use crate::wire::Target;

    fn head(method: &Method, key: Option<&'static str>) -> RequestHead {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            headers.insert("idempotency-key", HeaderValue::from_static(key));
        }
        RequestHead {
            method: method.clone(),
            target: Target::new("/".into()),
            authority: "a.test".into(),
            version: Version::HTTP_11,
            headers,
            upgrade: None,
            written: None,
        }
    }

    #[test]
    fn what_may_have_had_an_effect_is_not_sent_twice() {
        let (get, post) = (head(&Method::GET, None), head(&Method::POST, None));
        let (keyed, empty) = (head(&Method::POST, Some("k")), head(&Method::POST, Some("")));
        let reset = Error::Reset("closed".into());
        for (request, rescued) in [(&get, true), (&post, false), (&keyed, true), (&empty, false)] {
            for status in [502, 503, 504] {
                assert_eq!(
                    allows(request, StatusCode::try_from(status).map_err(|_| &reset)),
                    rescued
                );
            }
            for error in [reset.clone(), Error::TryTimeout] {
                assert_eq!(allows(request, Err(&error)), rescued, "{error}");
            }
            for error in
                [Error::Connect("refused".into()), Error::ConnectTimeout, Error::NoEndpoint]
            {
                assert!(allows(request, Err(&error)), "{error}");
            }
        }
    }

    #[test]
    fn other_answers_and_what_leaves_no_time_are_final() {
        let get = head(&Method::GET, None);
        for status in [200, 404, 429, 500, 501] {
            assert!(!allows(&get, Ok(StatusCode::from_u16(status).unwrap())), "{status}");
        }
        let overflow = Error::Overflow { cap: "requests", retry_after: Default::default() };
        for error in [Error::TotalTimeout, Error::ExchangeTimeout, Error::ClientGone, overflow] {
            assert!(!allows(&get, Err(&error)), "{error}");
        }
    }
}
