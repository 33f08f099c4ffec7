//! `foxctl list`: allow and deny lists that are changed while the proxy runs.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use foxtrot_api::{ListChange, ListEntry, ListName};

use crate::{
    client::Admin,
    failure::Failure,
    output::{self, Output, Table},
};

/// What to do with the lists.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put an address or address block on a list for some time. A block that is there gets the new time.
    Add {
        #[command(flatten)]
        which: Which,
        /// How long, from a second to 365 days.
        #[arg(long = "for", value_name = "DURATION")]
        lasts: String,
        /// Why, for those who look at the list.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Take an address or address block off a list before its time. Exits 1 when it is not there.
    Remove {
        #[command(flatten)]
        which: Which,
    },
    /// Print both lists.
    Show,
}

/// Which entry.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32.
    #[arg(value_parser = block)]
    block: String,
    /// The list.
    #[arg(long, value_enum, default_value_t = Name::Deny)]
    list: Name,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Clients that no deny list turns away, and that no rule of the WAF looks at.
    Allow,
    /// Clients that are answered 403.
    Deny,
}

/// Does it.
pub(crate) async fn run(
    command: Command,
    admin: &Admin,
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    let (did, answer) = match command {
        Command::Add { which: Which { block, list }, lasts, reason } => {
            let change = ListChange { list: list.into(), block, lasts, reason };
            ("on", admin.post_json::<ListEntry>("/lists", &change).await?)
        }
        Command::Remove { which: Which { block, list } } => {
            let path = format!("/lists?list={}&block={block}", ListName::from(list).as_str());
            ("off", admin.delete::<ListEntry>(&path).await?)
        }
        Command::Show => return show(admin, out).await,
    };
    let ListEntry { list, block, until, .. } = &answer.value;
    let list = list.as_str();
    match (out.json, did) {
        (true, _) => out.text(&answer.body)?,
        (_, "on") => {
            out.line(format_args!("{block} is on {list} until {}", output::time(*until)))?
        }
        _ => out.line(format_args!("{block} is off {list}"))?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

async fn show(admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let answer = admin.get::<Vec<ListEntry>>("/lists").await?;
    if out.json {
        out.text(&answer.body)?;
    } else {
        let mut table = Table::new(["list", "block", "until", "reason"]);
        for entry in &answer.value {
            table.row([
                entry.list.as_str().to_owned(),
                entry.block.clone(),
                output::time(entry.until),
                entry.reason.clone(),
            ]);
        }
        out.table(&table)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The server says what is wrong with a block; here is only seen that it is one, and can stand in a query.
fn block(text: &str) -> Result<String, String> {
    let (address, length) = text.split_once('/').unwrap_or((text, "0"));
    let known = address.parse::<std::net::IpAddr>().is_ok() && length.parse::<u8>().is_ok();
    if known && !text.contains('+') {
        Ok(text.to_owned())
    } else {
        Err("expected an address or a block such as 203.0.113.0/24".to_owned())
    }
}

impl From<Name> for ListName {
    fn from(name: Name) -> Self {
        match name {
            Name::Allow => Self::Allow,
            Name::Deny => Self::Deny,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_an_address_and_a_length() {
        for text in ["203.0.113.7", "203.0.113.0/24", "2001:db8::/32", "::1"] {
            assert_eq!(block(text).as_deref(), Ok(text));
        }
        for text in ["", "example.com", "203.0.113.0/", "203.0.113.0/+8", "1.2.3.4/8&list=allow"] {
            assert!(block(text).is_err(), "{text}");
        }
    }
}
