//! Rollouts for people.

use std::io;

use foxtrot_api::{RolloutChange, RolloutStatus, Shares};

use crate::output::{self, Output, Table};

/// What was changed, in a line, and what the server has to add.
pub(super) fn change(out: &mut Output, change: &RolloutChange) -> io::Result<()> {
    let RolloutChange { before, after, took_ms, note } = change;
    let paused = if after.paused { ", paused" } else { "" };
    out.line(format_args!(
        "{}: {} to {}, {} to {}{paused}, in {took_ms:.1} ms",
        after.name,
        before.phase,
        after.phase,
        shares(before.weights),
        shares(after.weights)
    ))?;
    if note.is_empty() { Ok(()) } else { out.line(note) }
}

/// A table, and below it what needs more words.
pub(super) fn all(out: &mut Output, rollouts: &[RolloutStatus]) -> io::Result<()> {
    out.table(&table(rollouts))?;
    for rollout in rollouts {
        for line in remarks(rollout) {
            out.line(format_args!("{}: {line}", rollout.name))?;
        }
    }
    Ok(())
}

/// A row per rollout, as `foxctl status` shows it as well.
pub(crate) fn table(rollouts: &[RolloutStatus]) -> Table {
    let names =
        ["rollout", "phase", "towards", "step", "blue / green", "declared", "since", "next"];
    let mut table = Table::new(names);
    for rollout in rollouts {
        table.row([
            rollout.name.clone(),
            if rollout.paused {
                format!("{}, paused", rollout.phase)
            } else {
                rollout.phase.clone()
            },
            rollout.towards.clone(),
            format!("{} of {}", rollout.step, rollout.steps.len()),
            shares(rollout.weights),
            shares(rollout.declared),
            output::time(rollout.since),
            rollout.next_at.map(output::time).unwrap_or_default(),
        ]);
    }
    table
}

pub(super) fn shares(shares: Shares) -> String {
    format!("{} / {}", shares.blue, shares.green)
}

/// What a table has no room for.
pub(super) fn remarks(rollout: &RolloutStatus) -> Vec<String> {
    let mut remarks = Vec::new();
    remarks.extend(rollout.warning.as_ref().map(|warning| format!("warning: {warning}")));
    if !rollout.why.is_empty() {
        remarks.push(format!("because: {}", rollout.why));
    }
    if rollout.differs {
        remarks.push(format!(
            "weights in force are not those declared: {} instead of {}",
            shares(rollout.weights),
            shares(rollout.declared)
        ));
    }
    remarks.extend(rollout.held_by.as_ref().map(|why| format!("held up by {why}")));
    for opinion in &rollout.opinions {
        remarks.push(
            format!("{} says {} {}", opinion.of, opinion.says, opinion.why).trim().to_owned(),
        );
    }
    if let Some(drain) = &rollout.drain {
        let until = output::time(drain.until);
        remarks
            .push(format!("{} drains, {} in flight, until {until}", drain.colour, drain.in_flight));
    }
    if let Some(deadline) = rollout.deadline_at {
        remarks.push(format!("goes back at {} if nothing moves", output::time(deadline)));
    }
    if let Some(last) = &rollout.last_rollback {
        let took = last.took_ms.map(|ms| format!(", drained in {ms} ms")).unwrap_or_default();
        let late = if last.late { ", late" } else { "" };
        let at = output::time(last.at);
        remarks.push(format!("went back at {at}{took}{late}: {}", last.why));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_is_a_row_and_what_is_to_be_said_of_it() {
        let rollout = RolloutStatus {
            name: "gateway".into(),
            weights: Shares { blue: 75.0, green: 25.0 },
            declared: Shares { blue: 100.0, green: 0.0 },
            differs: true,
            phase: "steps".into(),
            towards: "green".into(),
            step: 2,
            steps: vec![5.0, 25.0, 50.0, 100.0],
            paused: true,
            held_by: Some("guard: 3 of 50 requests".into()),
            ..RolloutStatus::default()
        };
        let table = table(std::slice::from_ref(&rollout)).to_string();
        let row = table.lines().nth(1).unwrap();
        assert!(row.starts_with("gateway  steps, paused  green    2 of 4  75 / 25"), "{row}");
        assert_eq!(
            remarks(&rollout),
            [
                "weights in force are not those declared: 75 / 25 instead of 100 / 0",
                "held up by guard: 3 of 50 requests",
            ]
        );
    }
}
