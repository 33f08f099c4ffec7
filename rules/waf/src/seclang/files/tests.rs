use std::os::unix::fs::symlink;

use super::*;
use crate::seclang::read;

/// A directory with files: path and text.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

const NAMES: [&str; 9] = [
    "a.conf",
    "b/2.conf",
    "b/10.conf",
    "b/x.data",
    "b-c/1.conf",
    "b/d/1.conf",
    "c/.x.conf",
    "c[1]/1.conf",
    "ab.conf",
];

/// Patterns, and the files of `NAMES` that they find, in order.
const PATTERNS: [(&str, &[&str]); 14] = [
    ("*.conf", &["a.conf", "ab.conf"]),
    ("?.conf", &["a.conf"]),
    ("a*", &["a.conf", "ab.conf"]),
    ("b/*.conf", &["b/10.conf", "b/2.conf"]),
    ("b/*", &["b/10.conf", "b/2.conf", "b/x.data"]),
    ("*/1.conf", &["b-c/1.conf", "c[1]/1.conf"]),
    ("*/*.conf", &["b/10.conf", "b/2.conf", "b-c/1.conf", "c[1]/1.conf"]),
    ("b*/../[a].conf", &["b/../a.conf", "b-c/../a.conf"]),
    ("./b/[0-9].conf", &["b/2.conf"]),
    ("c/*", &[]),
    ("c/.*.conf", &["c/.x.conf"]),
    ("no/*.conf", &[]),
    ("a.conf/*", &[]),
    ("*/*/*", &["b/d/1.conf"]),
];

#[test]
fn patterns_find_files_on_disk() {
    let directory = directory(&NAMES.map(|name| (name, "")));
    let base = directory.path();
    for (pattern, expected) in PATTERNS {
        let expected: Vec<_> = expected.iter().map(|name| base.join(name)).collect();
        assert_eq!(Disk.glob(base, pattern).unwrap(), expected, "{pattern}");
        let absolute = format!("{}/{pattern}", base.display());
        assert_eq!(Disk.glob(Path::new("elsewhere"), &absolute).unwrap(), expected, "{pattern}");
    }
    assert_eq!(Disk.glob(&base.join("c[1]"), "*").unwrap(), [base.join("c[1]/1.conf")]);
}

#[test]
fn patterns_find_files_in_memory() {
    for base in ["", "x/y", "/x"] {
        let files = Memory::from_iter(NAMES.map(|name| (Path::new(base).join(name), "")));
        for (pattern, expected) in PATTERNS.iter().filter(|(pattern, _)| !pattern.contains("..")) {
            let expected: Vec<_> = expected.iter().map(|name| Path::new(base).join(name)).collect();
            assert_eq!(files.glob(Path::new(base), pattern).unwrap(), expected, "{base} {pattern}");
        }
    }
    let files = Memory::from_iter([("/x/a", "")]);
    assert_eq!(files.glob(Path::new("y"), "/x/*").unwrap(), [Path::new("/x/a")]);
    assert_eq!(files.glob(Path::new("/x/y"), "../?").unwrap(), [Path::new("/x/a")]);
}

#[test]
fn includes_are_relative_to_the_file_that_has_them() {
    let directory = directory(&[
        ("main.conf", "Include rules/*.conf\nInclude rules/../last.conf\n"),
        ("rules/2.conf", "SecMarker 2\nInclude data/x.conf\n"),
        ("rules/1.conf", "SecMarker 1\n"),
        ("rules/data/x.conf", "SecMarker x\n"),
        ("last.conf", "SecMarker last\n"),
    ]);
    let (statements, sources) = read(&Disk, &[directory.path().join("main.conf")]).unwrap();
    let names = statements.iter().map(|statement| sources.line(statement.place).unwrap());
    let expected: [&[u8]; 4] = [b"SecMarker 1", b"SecMarker 2", b"SecMarker x", b"SecMarker last"];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let place = statements[2].place;
    assert_eq!(sources.at(place).unwrap().directory(), directory.path().join("rules/data"));
}

#[test]
fn a_circle_is_found_through_links() {
    let directory = directory(&[("a.conf", "Include sub/link.conf\n"), ("sub/x", "")]);
    symlink(directory.path().join("a.conf"), directory.path().join("sub/link.conf")).unwrap();
    let report = read(&Disk, &[directory.path().join("a.conf")]).unwrap_err();
    assert!(report.problems()[0].message.starts_with("circular include: "), "{report}");
}

#[test]
fn what_cannot_be_read_is_not_passed_over() {
    let directory = directory(&[
        ("main.conf", "IncludeOptional sub/*\nIncludeOptional main.conf/x\n"),
        ("sub/x", ""),
    ]);
    symlink("nowhere", directory.path().join("sub/dangling")).unwrap();
    let report = read(&Disk, &[directory.path().join("main.conf")]).unwrap_err();
    let message = report.problems().iter().map(|problem| problem.message.as_str());
    let messages = message.collect::<Vec<_>>().join("\n");
    let name = |path: &str| directory.path().join(path).display().to_string();
    let expected = format!(
        "\
cannot read `{}`: No such file or directory (os error 2)
cannot read `{}`: Not a directory (os error 20)",
        name("sub/dangling"),
        name("main.conf/x")
    );
    assert_eq!(messages, expected);
}

#[test]
fn files_have_a_bound() {
    let directory = directory(&[("big", "")]);
    let path = directory.path().join("big");
    fs::File::options().write(true).open(&path).unwrap().set_len(BYTES_MAX as u64 + 1).unwrap();
    let error = Disk.read(&path).unwrap_err();
    assert_eq!(error.to_string(), "the file has more than 67108864 bytes");
}

#[test]
fn layers_are_asked_in_turn() {
    let over = Memory::from_iter([("a", "SecMarker over\n"), ("x/1", "")]);
    let under = Memory::from_iter([
        ("a", "SecMarker under\n"),
        ("b", "Include ./b\n"),
        ("x/2", ""),
        ("y/1", ""),
    ]);
    let both = Layered(over, under);
    assert_eq!(both.read(Path::new("a")).unwrap(), b"SecMarker over\n");
    assert_eq!(both.read(Path::new("c")).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(both.glob(Path::new(""), "x/*").unwrap(), [Path::new("x/1")]);
    assert_eq!(both.glob(Path::new(""), "y/*").unwrap(), [Path::new("y/1")]);
    assert_eq!(read(&both, &["b"]).unwrap_err().summary(), "b:1:9: circular include: `b` -> `b`");
}
