//! Tenants: what tells them apart must, and cheaply.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Found, KeyPath, headers, host, path};
use crate::config::{Tenant, TenantHeader};

/// What is taken, and by whom.
#[derive(Default)]
struct Taken<'c> {
    hosts: BTreeMap<String, &'c str>,
    values: BTreeMap<(String, &'c str), &'c str>,
    /// Names of header fields.
    names: BTreeSet<String>,
}

pub(super) fn check(config: &Config, found: &mut Found) {
    let mut taken = Taken::default();
    for (name, tenant) in &config.tenants {
        let at = path!["tenants", name];
        found.name(at.clone(), name);
        if tenant.hosts.is_empty() && tenant.header.is_none() {
            found.value(at.clone(), "needs `hosts` or `header`: which requests are meant");
        }
        hosts(&at, name, tenant, &mut taken, found);
        if let Some(written) = &tenant.header {
            header(&at.join("header"), name, written, &mut taken, found);
        }
    }
}

fn hosts<'c>(
    at: &KeyPath,
    name: &'c str,
    tenant: &'c Tenant,
    taken: &mut Taken<'c>,
    found: &mut Found,
) {
    for (index, written) in tenant.hosts.iter().enumerate() {
        let at = at.join("hosts").join(index);
        if let Err(why) = host::check_pattern(written) {
            found.value(at, why);
            continue;
        }
        match taken.hosts.insert(written.to_ascii_lowercase(), name) {
            Some(other) if other == name => {
                found.value(at, format!("{written} is listed twice"));
            }
            Some(other) => {
                found.value(at, format!("{written} is a host of tenant `{other}` already"));
            }
            None => {}
        }
    }
}

fn header<'c>(
    at: &KeyPath,
    name: &'c str,
    written: &'c TenantHeader,
    taken: &mut Taken<'c>,
    found: &mut Found,
) {
    let field = written.name.to_ascii_lowercase();
    if let Err(why) = headers::check_name(&written.name) {
        found.value(at.join("name"), why);
    } else if field == "host" {
        found.value(at.join("name"), "`host` is not compared as a field, use `hosts`");
    }
    if written.value.is_empty() {
        found.value(at.join("value"), "an empty value names nobody");
    } else if let Err(why) = headers::check_value(&written.value) {
        found.value(at.join("value"), why);
    }
    taken.names.insert(field.clone());
    if taken.names.len() == NAMES_MAX + 1 {
        let message = format!("tenants are told by more than {NAMES_MAX} different fields");
        found.value(at.join("name"), message);
    }
    if let Some(other) = taken.values.insert((field, &written.value), name) {
        let message = format!("this value of `{}` is of tenant `{other}` already", written.name);
        found.value(at.join("value"), message);
    }
}

/// Header fields that are looked at for each request without a tenant's host.
const NAMES_MAX: usize = 8;
