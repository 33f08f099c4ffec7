//! Rollouts: two clusters, weights that sum to 100, an override that someone can use, a mirror that copies something, steps
//! that rise and deadlines that can be kept.

use super::{Config, Found, KeyPath, Problem, headers, path};
use crate::config::{
    Aspect, Compare, Guard, Ignored, Mirror, Override, Parity, Percent, Rollback, Rollout,
    StickyKey, rollout::is_token,
};

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
        if let Some(written) = &rollout.parity {
            parity(&at.join("parity"), written, found);
        }
        if let Some(written) = &rollout.compare {
            compare(&at.join("compare"), written, rollout.mirror.as_ref(), found);
        }
        plan(&at, rollout, found);
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

fn plan(at: &KeyPath, rollout: &Rollout, found: &mut Found) {
    let mut before = Percent::whole(0);
    for (index, share) in rollout.steps.iter().enumerate() {
        if *share <= before {
            let before = f64::from(before.basis_points()) / 100.0;
            let message = format!("shares rise from step to step: this one must be above {before}");
            found.value(at.join("steps").join(index), message);
            break;
        }
        before = *share;
    }
    found.nonzero(at, [("step_every", rollout.step_every), ("deadline", rollout.deadline)]);
    for (key, time) in [("step_every", rollout.step_every), ("soak", rollout.soak)] {
        if rollout.deadline <= time {
            let message =
                format!("not longer than `{key}`, which is {time}: every rollout would go back");
            found.value(at.join("deadline"), message);
        }
    }
    let Rollback { max_duration, drain } = rollout.rollback;
    if drain >= max_duration {
        let message = format!(
            "not shorter than `max_duration`, which is {max_duration}: a rollback could not keep it"
        );
        found.value(at.join("rollback").join("drain"), message);
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

fn compare(at: &KeyPath, compare: &Compare, mirror: Option<&Mirror>, found: &mut Found) {
    let Some(mirror) = mirror else {
        return found.idle(at.clone(), "there is no `mirror`, so there is nothing to compare");
    };
    for name in compare.headers.iter().filter(|name| *name != "*") {
        if let Err(why) = headers::check_name(name) {
            found.value(at.join("headers").item(name), why);
        }
    }
    if compare.max_body > mirror.memory_budget {
        let message = format!(
            "larger than `mirror.memory_budget`, which is {}: such a body is never kept",
            mirror.memory_budget
        );
        found.value(at.join("max_body"), message);
    }
    let default = Compare::default();
    let asserts_latency = compare.assert.contains(&Aspect::Latency);
    if compare.latency_ratio != default.latency_ratio && !asserts_latency {
        found.idle(at.join("latency_ratio"), "`assert` does not name \"latency\"");
    }
    if compare.assert.is_empty() && compare.tolerance != default.tolerance {
        found.idle(at.join("tolerance"), "`assert` is empty, so nothing can fail");
    }
}

fn parity(at: &KeyPath, parity: &Parity, found: &mut Found) {
    let graphic = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !parity.path.starts_with('/') || !graphic(&parity.path) {
        let message = "a path begins with `/` and has no spaces; write those with a percent sign";
        found.value(at.join("path"), message);
    }
    for ignored in parity.ignore.iter().filter(|it| matches!(it, Ignored::Header(_))) {
        let message =
            format!("\"{ignored}\" is no place in a document, header fields are not compared");
        found.value(at.join("ignore").item(ignored.to_string()), message);
    }
}
