//! What clients send: requests as browsers and programs write them.

use super::{Request, route_path};

/// Name that clients ask for; a rule of the CRS wants one that is no address.
pub const HOST: &str = "shop.example.com";

/// Ten fields, as a browser sends them, the cookies among them.
const BROWSER: [(&str, &str); 10] = [
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    ),
    ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("referer", "https://shop.example.com/catalogue/garden/tools?page=2"),
    (
        "cookie",
        "session=0f8fad5bd9cb469fa16570867728950e; consent=analytics%3Dyes; theme=dark; basket=17",
    ),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-site", "same-origin"),
    ("cache-control", "max-age=0"),
];

const PROSE: &str = "The garden shed needs a new roof before winter, and the estimate from the carpenter was higher than \
    expected. We have asked a second one, who can come on Thursday and brings the wood along. ";

/// A GET with no fields but Host and those that surge adds.
pub fn get(path: &str) -> Request {
    Request { path: path.to_owned(), headers: host(), ..Request::default() }
}

/// A GET as a browser writes it.
pub fn browse(path: &str) -> Request {
    Request { path: path.to_owned(), headers: browser(), ..Request::default() }
}

/// A POST of bytes without meaning.
pub fn post(bytes: usize) -> Request {
    Request { method: "POST".to_owned(), body: vec![b'x'; bytes].into(), ..get("/128") }
}

/// GETs that are spread over so many routes, at most 64 of them.
pub fn over_routes(routes: usize) -> Vec<Request> {
    let count = routes.min(64);
    (0..count).map(|i| get(&format!("{}/128", route_path(i * routes / count)))).collect()
}

/// A form of 4 KiB in 20 fields.
pub fn form() -> Request {
    let field = |i: usize| {
        format!("field{i}={}", prose(190).trim_end().replace(' ', "+").replace(',', "%2C"))
    };
    let body = (0..20).map(field).collect::<Vec<_>>().join("&");
    submit("/order", "application/x-www-form-urlencoded", body)
}

/// JSON of 4 KiB in 48 values: 12 items of an order.
pub fn json() -> Request {
    let note = prose(280);
    let item = |i| {
        format!("{{\"id\":{i},\"name\":\"Garden hose {i} m\",\"note\":\"{note}\",\"price\":12.5}}")
    };
    let body = format!("{{\"items\":[{}]}}", join((0..12).map(item)));
    submit("/api/order", "application/json", body)
}

/// JSON of 4 KiB in 250 values.
pub fn json_leaves() -> Request {
    let values = (0..250).map(|i| format!("\"k{i:03}\":\"{}\"", prose(7)));
    submit("/api/order", "application/json", format!("{{{}}}", join(values)))
}

/// JSON of 800 KB in 200 values: within the CRS's limit of arguments, so that all of it is looked at.
pub fn json_large() -> Request {
    let values = (0..200).map(|i| format!("\"field{i}\":\"{}\"", prose(3_985)));
    submit("/api/import", "application/json", format!("{{{}}}", join(values)))
}

/// SQL in the query.
pub fn injection() -> Request {
    browse("/catalogue/item?id=1%27+UNION+SELECT+name,password+FROM+users--+-")
}

fn submit(path: &str, kind: &str, body: String) -> Request {
    let mut headers = browser();
    headers.push(("content-type".to_owned(), kind.to_owned()));
    Request { method: "POST".to_owned(), path: path.to_owned(), headers, body: body.into() }
}

/// So many bytes of prose.
fn prose(bytes: usize) -> String {
    PROSE.chars().cycle().take(bytes).collect()
}

fn join(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(",")
}

fn host() -> Vec<(String, String)> {
    vec![("host".to_owned(), HOST.to_owned())]
}

fn browser() -> Vec<(String, String)> {
    let fields = BROWSER.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    host().into_iter().chain(fields).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_sizes_that_they_are_named_for() {
        for (request, expected) in [(form(), 4096), (json(), 4096), (json_leaves(), 4096)] {
            let bytes = request.body.len();
            assert!(bytes.abs_diff(expected) < 250, "{}: {bytes}", request.path);
        }
        assert!(json_large().body.len().abs_diff(800_000) < 5_000, "{}", json_large().body.len());
    }

    #[test]
    fn routes_are_spread_from_the_first_on() {
        let paths = |routes| over_routes(routes).into_iter().map(|r| r.path).collect::<Vec<_>>();
        assert_eq!(paths(1), ["/route-00000/128"]);
        assert_eq!(paths(10_000).len(), 64);
        assert_eq!(paths(10_000).last().unwrap(), "/route-09843/128");
    }
}
