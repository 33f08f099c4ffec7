use proptest::prelude::*;

use super::*;

fn ignore(places: &[&str]) -> Ignore {
    let ignored: Vec<_> = places.iter().map(|place| place.parse().unwrap()).collect();
    Ignore::new(&ignored)
}

fn is_secret(name: &[u8]) -> bool {
    name == b"token"
}

fn told(primary: &str, shadow: &str, ignored: &[&str]) -> Vec<String> {
    let found = diff(primary.as_bytes(), shadow.as_bytes(), &ignore(ignored), is_secret).unwrap();
    let none = || "-".to_owned();
    let tell = |found: Found| {
        let (primary, shadow) =
            (found.primary.unwrap_or_else(none), found.shadow.unwrap_or_else(none));
        format!("{} {} {primary} {shadow}", found.place, found.change.as_str())
    };
    found.into_iter().map(tell).collect()
}

#[test]
fn structure_and_values_are_compared() {
    for (primary, shadow, expected) in [
        (r#"{"a":1,"b":2}"#, r#"{"b":2.0,"a":1e0}"#, &[][..]),
        (r#"{"a":1}"#, r#"{"a":2}"#, &["$.a value 1 2"]),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, &["$.a type 1 \"1\""]),
        (r#"{"a":null}"#, "{}", &["$.a missing null -"]),
        ("{}", r#"{"a":[1]}"#, &["$.a extra - array of 1"]),
        ("[1,2,3]", "[1,5,6]", &["$[] value 2 5"]),
        ("[1,2]", "[1]", &["$[] missing 2 -"]),
        ("[]", "[{}]", &["$[] extra - object of 0"]),
        ("1", "[]", &["$ type 1 array of 0"]),
        (r#"{"a.b":{"c":1}}"#, r#"{"a.b":{"c":true}}"#, &["$[\"a.b\"].c type 1 true"]),
        (
            "18446744073709551615",
            "18446744073709551614",
            &["$ value 18446744073709551615 18446744073709551614"],
        ),
    ] {
        assert_eq!(told(primary, shadow, &[]), expected, "{primary} {shadow}");
    }
}

#[test]
fn items_and_members_with_numbers_for_names_are_one_place() {
    let primary = r#"{"users":{"17":{"name":"a"},"18":{"name":"b"}},"by":{"550e8400-e29b-41d4-a716-446655440000":1}}"#;
    let shadow = r#"{"users":{"17":{"name":"x"},"18":{"name":"y"}},"by":{"550e8400-e29b-41d4-a716-446655440000":2}}"#;
    let expected = ["$.by.* value 1 2", "$.users.*.name value \"a\" \"x\""];
    let mut told = told(primary, shadow, &[]);
    told.sort();
    assert_eq!(told, expected);
}

#[test]
fn what_is_ignored_is_ignored_with_all_below() {
    let primary = r#"{"ts":1,"items":[{"id":1,"meta":{"x":1}}],"keep":1}"#;
    let shadow = r#"{"items":[{"id":2,"meta":{"x":[2]},"new":1}],"keep":2}"#;
    let ignored = ["$.ts", "$.items[].id", "$.items[].meta", "$.*[].new"];
    assert_eq!(told(primary, shadow, &ignored), ["$.keep value 1 2"]);
    assert!(told(primary, shadow, &["$"]).is_empty());
    assert!(told(primary, shadow, &["$.*"]).is_empty());
    assert_eq!(told("[[1]]", "[[2]]", &["$[]"]), [""; 0]);
    assert_eq!(told("[[1]]", "[[2]]", &["$.a"]), ["$[][] value 1 2"]);
}

#[test]
fn secrets_are_not_shown() {
    let found = told(r#"{"token":{"v":"a"}}"#, r#"{"token":{"v":"b"}}"#, &[]);
    assert_eq!(found, ["$.token.v value [redacted] [redacted]"]);
}

#[test]
fn what_is_no_json_is_told() {
    let all = ignore(&[]);
    let diff = |a: &str, b: &str| diff(a.as_bytes(), b.as_bytes(), &all, is_secret);
    assert_eq!(diff("", "{}"), Err(Unreadable::Primary));
    assert_eq!(diff("{}", "<html>"), Err(Unreadable::Shadow));
    assert_eq!(diff("{", "}"), Err(Unreadable::Both));
    let deep = "[".repeat(100_000);
    assert_eq!(diff(&deep, &deep), Err(Unreadable::Both));
}

/// Long names on the way to many differences must not be copied for each of them.
#[test]
fn many_differences_take_linear_time() {
    let document = |value: u32| {
        let items = vec![value.to_string(); 200_000].join(",");
        let mut text = format!("[{items}]");
        for _ in 0..100 {
            text = format!("{{\"{}\":{text}}}", "n".repeat(1000));
        }
        text
    };
    let (primary, shadow) = (document(1), document(2));
    let begun = crate::clock::now();
    assert_eq!(told(&primary, &shadow, &[]).len(), 1);
    assert!(crate::clock::now() - begun < std::time::Duration::from_secs(20));
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c1]{1,2}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Nothing is found in what is equal and only then, and to look from the other side finds the mirror image.
    #[test]
    fn findings_are_symmetric(a in document(), b in document()) {
        let (left, right) = (a.to_string(), b.to_string());
        let all = ignore(&[]);
        let forth = diff(left.as_bytes(), right.as_bytes(), &all, is_secret).unwrap();
        let back = diff(right.as_bytes(), left.as_bytes(), &all, is_secret).unwrap();
        prop_assert_eq!(forth.is_empty(), a == b);
        let swap = |change| match change {
            Change::Missing => Change::Extra,
            Change::Extra => Change::Missing,
            same => same,
        };
        let mut there: Vec<_> = forth.iter().map(|f| (f.place.clone(), f.change)).collect();
        let mut again: Vec<_> = back.iter().map(|f| (f.place.clone(), swap(f.change))).collect();
        there.sort();
        again.sort();
        prop_assert_eq!(there, again);
    }

    /// What has been found can be ignored under the name that it was found by.
    #[test]
    fn places_can_be_ignored(a in document(), b in document()) {
        let (left, right) = (a.to_string(), b.to_string());
        let found = diff(left.as_bytes(), right.as_bytes(), &ignore(&[]), is_secret).unwrap();
        let places: Vec<&str> = found.iter().map(|found| found.place.as_str()).collect();
        let left_over = diff(left.as_bytes(), right.as_bytes(), &ignore(&places), is_secret);
        prop_assert_eq!(left_over, Ok(Vec::new()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(a in prop::collection::vec(any::<u8>(), 0..60), b in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = diff(&a, &b, &ignore(&["$.a"]), is_secret);
    }
}
