//! Carries out what is to happen once: a program, or a change of a file.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::scenario::{
    places::Places,
    staged::{Action, program},
};

/// Does it; says what is wrong otherwise. Blocks until it is done.
pub(super) fn carry_out(action: &Action, places: &Places) -> Result<(), String> {
    match action {
        Action::Command(words) => {
            let words =
                words.iter().map(|word| places.fill(word)).collect::<Result<Vec<_>, _>>()?;
            command(&words)
        }
        Action::Edit { file, from, to } => edit(Path::new(&places.fill(file)?), from, to),
    }
}

fn command(words: &[String]) -> Result<(), String> {
    let Some((first, arguments)) = words.split_first() else { return Ok(()) };
    let mut command = Command::new(program(first));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    let output = command.output().map_err(|error| format!("{first}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{first}: {}: {}",
        output.status,
        said.trim().chars().take(200).collect::<String>()
    ))
}

/// Puts a file with the change in the place of the one without: whoever reads it sees one or the other.
fn edit(file: &Path, from: &str, to: &str) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(wrong)?;
    match text.matches(from).count() {
        1 => {}
        found => return Err(format!("{}: \"{from}\" is there {found} times", file.display())),
    }
    let mut fresh = file.as_os_str().to_owned();
    fresh.push(".new");
    fs::write(&fresh, text.replacen(from, to, 1)).map_err(wrong)?;
    fs::rename(&fresh, file).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Result<(), String> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        carry_out(&Action::Command(words), &Places::new())
    }

    #[test]
    fn a_program_must_end_well() {
        assert_eq!(run(&["true"]), Ok(()));
        assert!(run(&["false"]).unwrap_err().contains("exit status: 1"));
        assert!(
            run(&["sh", "-c", "echo no such thing >&2; exit 3"]).unwrap_err().contains("no such")
        );
        assert!(run(&["/no/such/program"]).is_err());
    }

    #[test]
    fn a_text_is_replaced_if_it_is_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, "a = 1\nb = 2\n").unwrap();
        let mut places = Places::new();
        places.set("config", file.display().to_string());
        let edit = |from: &str| Action::Edit {
            file: "{config}".to_owned(),
            from: from.to_owned(),
            to: "b = 3".to_owned(),
        };
        assert_eq!(carry_out(&edit("b = 2"), &places), Ok(()));
        assert_eq!(fs::read_to_string(&file).unwrap(), "a = 1\nb = 3\n");
        assert!(carry_out(&edit("b = 2"), &places).unwrap_err().contains("0 times"));
        assert!(carry_out(&edit(" = "), &places).unwrap_err().contains("2 times"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
