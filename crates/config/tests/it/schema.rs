//! The JSON Schema in the documentation is the one that the types have.

#[test]
fn the_documented_schema_is_the_one_of_the_types() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/portcullis.schema.json");
    let written = std::fs::read_to_string(file).unwrap_or_default();
    let schema = portcullis_config::schema();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(file, &schema).unwrap();
        return;
    }
    assert!(written == schema, "docs/portcullis.schema.json is old: run this test with UPDATE_SCHEMA=1");
}
