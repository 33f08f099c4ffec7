//! `foxctl rollout diff`: in what the shadow's answers differ, and a command line for each difference that shows it again.
//!
//! What is printed came from clients and origins: no control character of it reaches the terminal.

use std::{io, process::ExitCode};

use clap::Args as Arguments;
use foxtrot_api::{ShadowAnswer, ShadowCluster, ShadowDiff, ShadowMask, ShadowOpinion};

use super::plain;
use crate::{
    client::Admin,
    failure::{FINDING, Failure},
    output::{self, Output, Table},
};

/// Which rollout.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// The rollout.
    #[arg(value_parser = super::name)]
    name: String,
    /// Print, and begin anew: as for the next version.
    #[arg(long)]
    reset: bool,
}

/// Prints the differences; a finding where there are more than may be.
pub(super) async fn run(args: &Args, admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let path = format!("/rollouts/{}/diff", args.name);
    let answer = match args.reset {
        true => admin.delete::<ShadowDiff>(&path).await?,
        false => admin.get::<ShadowDiff>(&path).await?,
    };
    if out.json {
        out.text(&answer.body)?;
    } else {
        print(out, &answer.value)?;
    }
    out.flush()?;
    let stop = matches!(answer.value.opinion, ShadowOpinion::Stop(_));
    Ok(ExitCode::from(if stop { FINDING } else { 0 }))
}

fn print(out: &mut Output, diff: &ShadowDiff) -> io::Result<()> {
    let ShadowDiff { compared, equal, different, failing, .. } = diff;
    out.line(format_args!("verdict   {}", verdict(&diff.opinion)))?;
    out.line(format_args!("compared  {compared}: {equal} equal, {different} different, {failing} of them in what is asserted ({})", diff.assert.join(", ")))?;
    if !diff.skipped.is_empty() {
        let skips = diff.skipped.iter().map(|skip| format!("{} {}", skip.count, skip.reason));
        out.line(format_args!("skipped   {}", skips.collect::<Vec<_>>().join(", ")))?;
    }
    if let Some(latency) = &diff.latency {
        let (primary, shadow, ratio) = (latency.primary_ms, latency.shadow_ms, latency.ratio);
        out.line(format_args!("latency   primary {primary:.1} ms, shadow {shadow:.1} ms, in the middle {ratio:.2} times as long"))?;
    }
    masks(out, &diff.masked)?;
    for cluster in &diff.clusters {
        one(out, cluster)?;
    }
    for (count, what) in [
        (diff.clusters_dropped, "further differences found no room"),
        (diff.masks_dropped, "further places of noise found no room"),
    ] {
        if count > 0 {
            out.line(format_args!("\n{count} {what}"))?;
        }
    }
    Ok(())
}

fn verdict(opinion: &ShadowOpinion) -> String {
    match opinion {
        ShadowOpinion::Go => "go".to_owned(),
        ShadowOpinion::Hold(why) => format!("hold: {why}"),
        ShadowOpinion::Stop(why) => format!("stop: {why}"),
    }
}

fn masks(out: &mut Output, masks: &[ShadowMask]) -> io::Result<()> {
    if masks.is_empty() {
        return Ok(());
    }
    out.line("\nNoise: the primary differs from itself here.")?;
    let mut table = Table::new(["route", "place", "how", "noisy", "hidden"]);
    for mask in masks {
        table.row([
            plain(&mask.route),
            plain(&mask.place),
            mask.change.clone(),
            format!("{} of {}", mask.differed, mask.seen),
            mask.hidden.to_string(),
        ]);
    }
    out.table(&table)
}

fn one(out: &mut Output, cluster: &ShadowCluster) -> io::Result<()> {
    let ShadowCluster { kind, change, count, .. } = cluster;
    let (route, place) = (plain(&cluster.route), plain(&cluster.place));
    let asserted = if cluster.asserted { "" } else { ", not asserted" };
    out.line(format_args!("\n{count} x {kind} {place} ({change}{asserted}), route {route}"))?;
    let (first, last) = (output::time(cluster.first), output::time(cluster.last));
    out.line(format_args!("  from {first} to {last}"))?;
    let nothing = || "nothing".to_owned();
    for (who, value, answer) in [
        ("primary", &cluster.primary, Some(&cluster.sample.primary)),
        ("shadow ", &cluster.shadow, cluster.sample.shadow.as_ref()),
    ] {
        let value = value.as_deref().map_or_else(nothing, plain);
        out.line(format_args!("  {who}  {value}{}", answer.map(excerpt).unwrap_or_default()))?;
    }
    out.line(format_args!("  {}", plain(&cluster.sample.curl)))
}

fn excerpt(answer: &ShadowAnswer) -> String {
    let body = if answer.body.is_empty() { "" } else { " " };
    format!("   in: {} {}{body}{}", answer.status, plain(&answer.content_type), plain(&answer.body))
}
