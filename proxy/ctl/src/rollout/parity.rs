//! `foxctl rollout parity`: whether green is set up as blue is.

use std::process::ExitCode;

use clap::Args as Arguments;
use foxtrot_api::Parity;

use super::plain;
use crate::{
    client::Admin,
    failure::{FINDING, Failure},
    output::{Output, Table},
};

/// Which rollout.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// The rollout.
    #[arg(value_parser = super::name)]
    name: String,
}

/// Prints what differs; a finding where something does.
pub(super) async fn run(args: &Args, admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let answer = admin.get::<Parity>(&format!("/rollouts/{}/parity", args.name)).await?;
    let Parity { blue, green, differences, .. } = &answer.value;
    if out.json {
        out.text(&answer.body)?;
    } else if differences.is_empty() {
        out.line(format_args!("{blue} and {green} are alike"))?;
    } else {
        let mut table = Table::new(["what", "where", "blue", "green"]);
        let shown = |value: &Option<String>| value.as_deref().map_or("-".to_owned(), plain);
        for difference in differences {
            table.row([
                difference.kind.as_str().to_owned(),
                plain(&difference.place),
                shown(&difference.blue),
                shown(&difference.green),
            ]);
        }
        out.table(&table)?;
    }
    out.flush()?;
    Ok(ExitCode::from(if differences.is_empty() { 0 } else { FINDING }))
}
