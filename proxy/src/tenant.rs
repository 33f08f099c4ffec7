//! Tenants: whose traffic a request is. Pure, and as fast for a thousand tenants as for one.
//!
//! A host goes before a header field, which a client could write. What holds for a tenant otherwise is for those who do it:
//! the WAF, for one.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use http::{HeaderMap, HeaderName};

use crate::{
    config::{Config, Problem, document::path},
    route::host::{HostIndex, HostPattern, normal},
};

/// All tenants of a configuration, ready to be asked.
#[derive(Debug, Default)]
pub struct Tenants {
    /// By number: in the order of their names.
    names: Vec<Arc<str>>,
    hosts: HostIndex<Option<usize>>,
    /// For each field that names tenants, which value names which.
    fields: Vec<(HeaderName, ByValue)>,
    /// Each tenant's hosts as written, to see which routes it meets.
    patterns: Vec<Vec<HostPattern>>,
}

/// Numbers of tenants, by the value that names them.
type ByValue = HashMap<Box<[u8]>, usize, foldhash::fast::RandomState>;

impl Tenants {
    /// Compiles `[tenants]`.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn compile(config: &Config) -> Result<Self, Vec<Problem>> {
        let (mut tenants, mut problems) = (Self::default(), Vec::new());
        for (number, (name, written)) in config.tenants.iter().enumerate() {
            tenants.names.push(name.as_str().into());
            let mut patterns = Vec::new();
            for (index, host) in written.hosts.iter().enumerate() {
                let added = HostPattern::parse(host).and_then(|pattern| {
                    patterns.push(pattern.clone());
                    tenants.add_host(&pattern, number)
                });
                let at = || path!["tenants", name, "hosts", index];
                problems.extend(added.err().map(|message| Problem::at(at(), message)));
            }
            tenants.patterns.push(patterns);
            if let Some(header) = &written.header {
                match HeaderName::try_from(&header.name) {
                    Ok(field) => tenants.add_value(field, &header.value, number),
                    Err(error) => problems.push(Problem::at(
                        path!["tenants", name, "header", "name"],
                        error.to_string(),
                    )),
                }
            }
        }
        if problems.is_empty() { Ok(tenants) } else { Err(problems) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Name of a tenant.
    pub fn name(&self, number: usize) -> Option<&Arc<str>> {
        self.names.get(number)
    }

    /// Whose request this is. `host` is the authority without port, in lower case.
    pub fn find(&self, host: &[u8], fields: &HeaderMap) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        self.of_host(&normal(host)).or_else(|| {
            self.fields.iter().find_map(|(name, values)| {
                // A field that is there twice is no identity.
                let mut written = fields.get_all(name).iter();
                match (written.next(), written.next()) {
                    (Some(value), None) => values.get(value.as_bytes()).copied(),
                    _ => None,
                }
            })
        })
    }

    /// Whose requests a route of this host can meet, in order; `None` among them stands for requests of nobody.
    pub fn met_by(&self, route_host: Option<&str>) -> Vec<Option<usize>> {
        let route = route_host.and_then(|host| HostPattern::parse(host).ok());
        let route = route.unwrap_or(HostPattern::Any);
        // Whoever has all hosts of the route, but for those that somebody has more exactly.
        let general = match &route {
            HostPattern::Exact(host) => self.of_host(host),
            HostPattern::Below(name) => self.of_host(&[&b"*."[..], name].concat()),
            HostPattern::Any => None,
        };
        let mut met = BTreeSet::from([general]);
        if general.is_none() {
            let values = self.fields.iter().flat_map(|(_, values)| values.values());
            met.extend(values.map(|number| Some(*number)));
        }
        let within = |patterns: &Vec<HostPattern>| patterns.iter().any(|one| covers(&route, one));
        let numbered = self.patterns.iter().enumerate();
        met.extend(numbered.filter(|(_, p)| within(p)).map(|(number, _)| Some(number)));
        met.into_iter().collect()
    }

    fn of_host(&self, host: &[u8]) -> Option<usize> {
        self.hosts.find(host, |tenant| *tenant)
    }

    fn add_host(&mut self, pattern: &HostPattern, number: usize) -> Result<(), String> {
        match self.hosts.entry(pattern).replace(number) {
            None => Ok(()),
            Some(other) => {
                let name = self.names.get(other).map_or("", |name| name);
                Err(format!("this is a host of tenant `{name}` already"))
            }
        }
    }

    fn add_value(&mut self, field: HeaderName, value: &str, number: usize) {
        let at = match self.fields.iter().position(|(name, _)| *name == field) {
            Some(at) => at,
            None => {
                self.fields.push((field, HashMap::default()));
                self.fields.len() - 1
            }
        };
        if let Some((_, values)) = self.fields.get_mut(at) {
            values.insert(value.as_bytes().into(), number);
        }
    }
}

/// Whether every host of `b` is one of `a`.
fn covers(a: &HostPattern, b: &HostPattern) -> bool {
    match (a, b) {
        (HostPattern::Any, _) => true,
        (_, HostPattern::Exact(host)) => a.holds(host),
        (HostPattern::Below(_), HostPattern::Below(name)) => a == b || a.holds(name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::config::load;

    const TEXT: &str = r#"
        [tenants.acme]
        hosts = ["acme.example.com", "*.acme.example.com"]
        header = { name = "X-Tenant", value = "acme" }
        [tenants.shop]
        hosts = ["*.example.com"]
        [tenants.far]
        header = { name = "x-tenant", value = "far" }
    "#;

    fn tenants(text: &str) -> Result<Tenants, Vec<Problem>> {
        Tenants::compile(&load::parse("test.toml", text).unwrap().config)
    }

    fn find(tenants: &Tenants, host: &str, values: &[&'static str]) -> Option<String> {
        let mut fields = HeaderMap::new();
        for value in values {
            fields.append("x-tenant", HeaderValue::from_static(value));
        }
        let found = tenants.find(host.as_bytes(), &fields)?;
        tenants.name(found).map(|name| name.to_string())
    }

    #[test]
    fn a_host_goes_before_a_field_and_the_most_specific_before_others() {
        let tenants = tenants(TEXT).unwrap();
        for (host, values, expected) in [
            ("acme.example.com", &[][..], Some("acme")),
            ("a.acme.example.com", &[], Some("acme")),
            ("b.example.com", &[], Some("shop")),
            ("b.example.com", &["acme"], Some("shop")),
            ("example.com", &[], None),
            ("example.com", &["acme"], Some("acme")),
            ("10.0.0.1", &["far"], Some("far")),
            ("10.0.0.1", &["Far"], None),
            ("10.0.0.1", &["far", "acme"], None),
            ("", &["far"], Some("far")),
        ] {
            assert_eq!(find(&tenants, host, values).as_deref(), expected, "{host} {values:?}");
        }
        assert_eq!(Tenants::default().find(b"a", &HeaderMap::new()), None);
    }

    #[test]
    fn routes_meet_those_whose_hosts_are_theirs() {
        let tenants = tenants(TEXT).unwrap();
        let met = |host: Option<&str>| {
            let name = |number: Option<usize>| match number {
                None => "-".to_owned(),
                Some(number) => tenants.name(number).unwrap().to_string(),
            };
            tenants.met_by(host).into_iter().map(name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(met(Some("acme.example.com")), "acme");
        assert_eq!(met(Some("b.example.com")), "shop");
        assert_eq!(met(Some("other.org")), "- acme far");
        assert_eq!(met(Some("*.acme.example.com")), "acme");
        assert_eq!(met(Some("*.example.com")), "acme shop");
        assert_eq!(met(Some("*.com")), "- acme far shop");
        assert_eq!(met(None), "- acme far shop");
    }

    #[test]
    fn an_address_in_two_spellings_is_one_host() {
        let text =
            "[tenants.a]\nhosts = [\"[::1]\"]\n[tenants.b]\nhosts = [\"[0:0:0:0:0:0:0:1]\"]\n";
        let problems = tenants(text).unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "tenants.b.hosts[0]: this is a host of tenant `a` already"
        );
    }
}
