//! Rollouts: two clusters, weights that sum to 100, an override that someone can use, a mirror that copies something.

use super::{Config, Found, KeyPath, Problem, headers, path};
use crate::config::{Guard, Mirror, Override, Rollout, StickyKey, rollout::is_token};

pub(super) fn check(config: &Config, found: &mut Found) {
    for (name, rollout) in &config.rollouts {
        let at = path!["rollouts", name];
        found.name(at.clone(), name);
        colours(&at, rollout, found);
        sticky(&at.join("sticky"), &rollout.sticky, found);
        if let Some(by) = &rollout.override_by {
            override_by(&at.join("override"), by, config, found);
        }
        if let Some(copies) = &rollout.mirror {
            mirror(&at.join("mirror"), copies, found);
        }
        if let Some(limits) = &rollout.guard {
            guard(&at.join("guard"), limits, found);
        }
        if let Some(prewarm) = &rollout.prewarm {
            ratio(&at.join("prewarm").join("until_p95_ratio"), prewarm.until_p95_ratio, found);
            found.nonzero(&at.join("prewarm"), [("timeout", prewarm.timeout)]);
        }
    }
}

fn colours(at: &KeyPath, rollout: &Rollout, found: &mut Found) {
    if rollout.blue == rollout.green {
        let message = format!("blue and green are the same cluster, `{}`", rollout.green);
        found.value(at.join("green"), message);
    }
    let weights = rollout.weights;
    let sum = u32::from(weights.blue.basis_points()) + u32::from(weights.green.basis_points());
    if sum != 10_000 {
        let sum = f64::from(sum) / 100.0;
        let message = format!("weights of blue and green sum to {sum}, not to 100");
        found.value(at.join("weights"), message);
    }
}

fn sticky(at: &KeyPath, keys: &[StickyKey], found: &mut Found) {
    found.duplicates(at, keys);
    let always = |key: &StickyKey| matches!(key, StickyKey::ClientIp | StickyKey::Path);
    let Some(last) = keys.iter().position(always) else { return };
    if let Some(unused) = keys.get(last + 1).filter(|key| !keys[..=last].contains(key)) {
        let message = format!("\"{unused}\" is never used: every request has \"{}\"", keys[last]);
        found.value(at.join(last + 1), message);
    }
}

fn override_by(at: &KeyPath, by: &Override, config: &Config, found: &mut Found) {
    if by.header.is_none() && by.cookie.is_none() {
        found.value(at.clone(), "needs `header` or `cookie`");
    }
    if let Some(name) = &by.header
        && let Err(why) = headers::check_field(name)
    {
        found.value(at.join("header"), why);
    }
    if let Some(name) = by.cookie.as_ref().filter(|name| !is_token(name)) {
        let message = format!("`{}` is not the name of a cookie", name.escape_debug());
        found.value(at.join("cookie"), message);
    }
    found.duplicates(&at.join("from"), &by.from);
    if by.from.is_empty() && config.trusted_proxies.is_empty() {
        found.push(
            Problem::at(at.clone(), "without effect: nobody may choose a colour")
                .help("name client addresses in `from`, or set trusted_proxies"),
        );
    }
}

fn guard(at: &KeyPath, guard: &Guard, found: &mut Found) {
    ratio(&at.join("p95_ratio"), guard.p95_ratio, found);
    if guard.error_rise.basis_points() == 0 {
        let message = "0 stops every rollout: there is always some difference";
        found.value(at.join("error_rise"), message);
    }
}

fn ratio(at: &KeyPath, ratio: f64, found: &mut Found) {
    if !(1.0..=100.0).contains(&ratio) {
        let message = format!("{ratio} is not between 1 and 100: what is as fast must pass");
        found.value(at.clone(), message);
    }
}

fn mirror(at: &KeyPath, mirror: &Mirror, found: &mut Found) {
    headers::methods(&at.join("methods"), &mirror.methods, found);
    for name in &mirror.strip {
        if let Err(why) = headers::check_field(name) {
            found.value(at.join("strip").item(name), why);
        }
    }
    found.nonzero(at, [("timeout", mirror.timeout)]);
    if mirror.max_body > mirror.memory_budget {
        let message = format!(
            "larger than `memory_budget`, which is {}: such a body is never copied",
            mirror.memory_budget
        );
        found.value(at.join("max_body"), message);
    }
}
