//! Configuration documents as they lie around: JSON or YAML in a file or from standard input, or inside the files of a
//! deployment. Whatever the form, an error names the place in the file that the user has in front of them.

mod found;
mod wrangler;
mod yaml;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use portcullis_config::{
    ConfigError, ConfigErrors, Configuration, Diagnostic, Position, RecordStore, Secrets, compile, locate,
};

use self::found::{Found, Places, Unreadable};
use crate::input::shown;
use crate::output::{Failure, printable};

/// Most bytes read from a file, far above what any limit accepts.
const FILE_READ: u64 = 32 << 20;

/// A configuration document, and where it was found.
pub(crate) struct Document {
    /// The document as JSON.
    pub(crate) json: Vec<u8>,
    /// The file, as errors name it.
    pub(crate) name: String,
    places: Places,
    store: RecordStore,
}

impl Document {
    /// Reads the document at `path`, the value of the argument `option`; `-` is standard input.
    ///
    /// Files that end in `.yaml` or `.yml` are YAML, and those in `.toml` are wrangler's. Of the others, what does not
    /// begin as JSON does is YAML.
    pub(crate) fn read(option: &str, path: &Path) -> Result<Self, Failure> {
        let name = name(path);
        let bytes = bytes(option, path)?;
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let found = match extension {
            "toml" => Some(wrangler::find(&text(&bytes, &name)?)),
            "yaml" | "yml" => Some(yaml::find(&text(&bytes, &name)?)),
            "json" => None,
            _ if looks_like_yaml(&bytes) => Some(yaml::find(&text(&bytes, &name)?)),
            _ => None,
        };
        match found {
            None => Ok(Self { json: bytes, name, places: Places::Same, store: RecordStore::Available }),
            Some(Ok(Found { json, places, store })) => Ok(Self { json, name, places, store }),
            Some(Err(Unreadable { position: None, message })) => {
                Err(printable(&format!("{option}: {name}: {message}")))
            }
            Some(Err(Unreadable { position: Some(Position { line, column }), message })) => {
                Err(printable(&format!("{name}:{line}:{column}: {message}")))
            }
        }
    }

    /// Compiles it with `secrets`, for the host whose file it stands in.
    pub(crate) fn compile(&self, secrets: &dyn Secrets) -> Result<Configuration, ConfigErrors> {
        match self.store {
            RecordStore::Available => compile(&self.json, secrets),
            RecordStore::Unsupported | RecordStore::Missing(_) => {
                compile(&self.json, &Storeless { secrets, store: self.store })
            }
        }
    }

    /// Where in the file the cause of `error` stands.
    pub(crate) fn place_of_error(&self, error: &ConfigError) -> Position {
        self.place(&error.pointer, |json| error.position(json))
    }

    /// Where in the file stands what `diagnostic` is about.
    pub(crate) fn place_of(&self, diagnostic: &Diagnostic) -> Position {
        self.place(&diagnostic.pointer, |json| diagnostic.position(json))
    }

    /// Where in the file stands the value at `pointer`.
    pub(crate) fn place_of_pointer(&self, pointer: &str) -> Position {
        self.place(pointer, |json| locate(json, pointer))
    }

    /// Whether the file is the document itself, as JSON.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.places, Places::Same)
    }

    fn place(&self, pointer: &str, in_json: impl Fn(&[u8]) -> Position) -> Position {
        match &self.places {
            Places::Same => in_json(&self.json),
            Places::Within(start) => {
                let Position { line, column } = in_json(&self.json);
                let on_first_line = if line == 1 { start.column.saturating_sub(1) } else { 0 };
                Position {
                    line: start.line.saturating_add(line).saturating_sub(1),
                    column: column.saturating_add(on_first_line),
                }
            }
            Places::Each(places) => nearest(places, pointer),
        }
    }

    /// What is wrong with it: a line each, with the place in the form that editors know.
    pub(crate) fn render_errors<'e>(&self, errors: impl IntoIterator<Item = &'e ConfigError>) -> Failure {
        let lines: Vec<String> = errors
            .into_iter()
            .map(|error| {
                let Position { line, column } = self.place_of_error(error);
                format!("{}:{line}:{column}: {error}", self.name)
            })
            .collect();
        printable(&lines.join("\nerror: "))
    }
}

/// Secrets on a host that has no store, of records or of revocations.
struct Storeless<'s> {
    secrets: &'s dyn Secrets,
    store: RecordStore,
}

impl Secrets for Storeless<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.secrets.get(name)
    }

    fn hint(&self, name: &str) -> String {
        self.secrets.hint(name)
    }

    fn record_store(&self) -> RecordStore {
        self.store
    }

    fn revocation_store(&self) -> RecordStore {
        self.store
    }

    fn sends_calls(&self) -> bool {
        self.secrets.sends_calls()
    }

    fn reaches_origin(&self) -> bool {
        self.secrets.reaches_origin()
    }

    fn knows_clients(&self) -> bool {
        self.secrets.knows_clients()
    }
}

/// What a file is called in an error.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// Whether `path` stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn bytes(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    let failure = |error: std::io::Error| format!("{option}: cannot read {}: {error}", shown(path));
    let mut bytes = Vec::new();
    let limit = FILE_READ.saturating_add(1);
    if is_stdin(path) {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failure)?;
    } else {
        std::fs::File::open(path).map_err(failure)?.take(limit).read_to_end(&mut bytes).map_err(failure)?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_READ) {
        return Err(format!("{option}: {} is longer than {FILE_READ} bytes", shown(path)));
    }
    Ok(bytes)
}

fn text(bytes: &[u8], name: &str) -> Result<String, Failure> {
    let text = core::str::from_utf8(bytes).map_err(|_| printable(&format!("{name} is not UTF-8")))?;
    // An editor's mark at the start is no part of what it says.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
}

/// Whether this is the beginning of a YAML mapping in block style, or of a stream of YAML documents. What else is no JSON
/// is told as JSON's error.
fn looks_like_yaml(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let meant = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    meant.is_some_and(|line| {
        line == "---"
            || line.starts_with("%YAML")
            || line.starts_with(|first: char| first.is_alphabetic()) && line.contains(':')
    })
}

/// The place of `pointer`, or of the nearest value around it.
fn nearest(places: &BTreeMap<String, Position>, pointer: &str) -> Position {
    let mut pointer = pointer;
    loop {
        if let Some(Position { line, column }) = places.get(pointer) {
            return Position { line: *line, column: *column };
        }
        match pointer.rfind('/') {
            Some(end) => pointer = pointer.get(..end).unwrap_or_default(),
            None => return Position { line: 1, column: 1 },
        }
    }
}
