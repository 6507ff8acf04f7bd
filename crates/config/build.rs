//! Makes the systems' files small: what is said to their readers alone is not compiled into hosts, and what all systems
//! have published, which is looked for in every document, stands together.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Map, Value};

/// The member that holds comments.
const COMMENT: &str = "$comment";

/// The members that say what a system has published.
const PUBLISHED: [&str; 3] = ["published_secrets", "published_keys", "key_form"];

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=systems");
    let mut published = Vec::new();
    for folder in ["systems", "systems/tokens"] {
        fs::create_dir_all(out.join(folder))?;
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(Path::new(folder))? {
            paths.push(entry?.path());
        }
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        {
            let text = fs::read(path)?;
            let value: Value =
                serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            let mut value = without_comments(value);
            if let Some(members) = value.as_object_mut() {
                let mut of_system = Map::from_iter(members.get_key_value("name").map(owned));
                for name in PUBLISHED {
                    of_system.extend(members.remove_entry(name));
                }
                if folder == "systems" {
                    published.push(Value::Object(of_system));
                }
            }
            fs::write(out.join(path), value.to_string())?;
        }
    }
    fs::write(out.join("published.json"), Value::from(published).to_string())?;
    Ok(())
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn without_comments(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, _)| name != COMMENT)
            .map(|(name, value)| (name, without_comments(value)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_comments).collect(),
        other => other,
    }
}
