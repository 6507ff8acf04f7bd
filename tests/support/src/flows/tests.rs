use super::FlowTable;

const PAGE: &str = "\
# A system

<!-- flows -->

| flow | without the gate | Worker |
| --- | --- | --- |
| GET /me, nobody | 401 | 401 credential_missing |
| GET /me, a | b | 200 | 200 |

<!-- /flows -->

The end.
";

fn table(rows: &[(&str, [&str; 2])]) -> FlowTable {
    let mut table = FlowTable::new("flows", &["without the gate", "Worker"]);
    for (flow, outcomes) in rows {
        table.row(flow, outcomes);
    }
    table
}

fn differences(table: &FlowTable, page: &str) -> Vec<String> {
    table.compare(page).unwrap().into_iter().flatten().collect()
}

/// Writes to a file of its own, as to the page of a system.
fn written(table: &FlowTable, page: &str) -> String {
    let file = std::env::temp_dir().join(format!("flows-{}-{:p}", std::process::id(), table));
    std::fs::write(&file, page).unwrap();
    table.write(&file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    text
}

#[test]
fn what_is_written_is_found_again() {
    let table = table(&[
        ("GET /me, nobody", ["401", "401 credential_missing"]),
        ("a cell with | and\na second line", ["", "200"]),
    ]);
    let text = written(&table, PAGE);
    assert!(text.starts_with("# A system\n\n<!-- flows -->\n\n| flow |"), "{text}");
    assert!(
        text.contains("| a cell with \\| and a second line | - | 200 |\n\n<!-- /flows -->\n\nThe end.\n")
    );
    assert_eq!(differences(&table, &text), Vec::<String>::new());
    assert_eq!(written(&table, &text), text);
}

#[test]
fn another_outcome_a_new_flow_and_one_that_is_gone() {
    let page = written(&table(&[("one", ["200", "200"]), ("two", ["200", "200"])]), PAGE);
    let [other] = &differences(&table(&[("one", ["200", "401"]), ("two", ["200", "200"])]), &page)[..] else {
        panic!("one line differs")
    };
    assert!(other.contains("| one | 200 | 401 |") && other.contains("| one | 200 | 200 |"), "{other}");
    let [gone] = &differences(&table(&[("one", ["200", "200"])]), &page)[..] else {
        panic!("one line is missing")
    };
    assert!(gone.starts_with("nothing was played for") && gone.contains("| two |"), "{gone}");
    let three = [("one", ["200", "200"]), ("two", ["200", "200"]), ("three", ["200", "200"])];
    let [new] = &differences(&table(&three), &page)[..] else { panic!("one line is new") };
    assert!(new.contains("| three |") && new.ends_with("says nothing of it"), "{new}");
}

#[test]
fn other_columns() {
    let page = written(&table(&[("one", ["200", "200"])]), PAGE);
    let mut table = FlowTable::new("flows", &["without the gate", "Envoy"]);
    table.row("one", &["200", "200"]);
    let [head] = &differences(&table, &page)[..] else { panic!("the head differs") };
    assert!(head.contains("Envoy") && head.contains("Worker"), "{head}");
}

#[test]
fn a_page_without_a_place_for_it() {
    let rows = [("one", ["200", "200"])];
    for page in ["", "<!-- flows -->\n", "<!-- flows -->\n<!-- flows -->\n<!-- /flows -->\n"] {
        let error = table(&rows).compare(page).unwrap_err().to_string();
        assert!(error.contains("<!-- flows -->") && error.contains("once each"), "{error}");
    }
    let error = table(&rows).compare("<!-- /flows -->\n<!-- flows -->\n").unwrap_err().to_string();
    assert!(error.contains("its end stands before its beginning"), "{error}");
    let other = FlowTable::new("flows-of-another-version", &["Worker"]);
    assert!(other.compare(PAGE).is_err());
}
