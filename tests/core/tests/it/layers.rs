//! The layers: which crate may use which, and that no file imports from one that imports it.
//!
//! ARCHITECTURE.md draws the arrows; this keeps them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// Each crate, and the crates of this workspace that it may use outside of its own tests.
const MAY_USE: &[(&str, &[&str])] = &[
    ("portcullis", &[]),
    ("portcullis-config", &["portcullis"]),
    ("portcullis-analysis", &["portcullis", "portcullis-config"]),
    ("portcullis-pending", &["portcullis"]),
    ("portcullis-component-common", &["portcullis", "portcullis-config"]),
    ("portcullis-component-http", &["portcullis", "portcullis-config", "portcullis-component-common"]),
    ("portcullis-gate", &["portcullis", "portcullis-config", "portcullis-component-common"]),
    ("portcullis-middleware", &["portcullis", "portcullis-component-http"]),
    ("portcullis-middleware-p3", &["portcullis", "portcullis-config", "portcullis-component-common"]),
    ("portcullis-proxy", &["portcullis", "portcullis-component-common", "portcullis-component-http"]),
    ("portcullis-npm", &["portcullis", "portcullis-config", "portcullis-pending"]),
    ("portcullis-proxy-wasm", &["portcullis", "portcullis-config"]),
    ("portcullis-worker", &["portcullis", "portcullis-config", "portcullis-pending"]),
    ("portcullis-cli", &["portcullis", "portcullis-config", "portcullis-analysis"]),
    ("portcullis-no-std", &["portcullis", "portcullis-config"]),
    ("portcullis-example-echo", &[]),
    ("portcullis-example-relay", &[]),
    ("portcullis-component-host", &["portcullis"]),
    ("portcullis-test-clock", &[]),
    ("portcullis-tests", &["portcullis", "portcullis-config"]),
    ("portcullis-test-support", &["portcullis", "portcullis-config"]),
    ("portcullis-host-tests", &["portcullis", "portcullis-config", "portcullis-test-support"]),
    ("portcullis-reference", &[]),
    ("portcullis-conformance", &["portcullis", "portcullis-config", "portcullis-test-support"]),
    ("xtask", &["portcullis", "portcullis-config", "portcullis-test-support", "portcullis-conformance"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn metadata() -> cargo_metadata::Metadata {
    cargo_metadata::MetadataCommand::new().current_dir(root()).no_deps().exec().unwrap()
}

#[test]
fn crates_use_only_what_lies_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let metadata = metadata();
    let own: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some(may_use) = allowed.get(package.name.as_str()) else {
            wrong.push(format!("{} is not in the list of layers", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let counts = dependency.kind != cargo_metadata::DependencyKind::Development && own.contains(name);
            if counts && !may_use.contains(&name) {
                wrong.push(format!("{} uses {name}", package.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "arrows that may not be");
}

#[test]
fn no_file_imports_from_one_that_imports_it() {
    let mut circles = Vec::new();
    for package in &metadata().packages {
        for target in &package.targets {
            // Files of tests and benchmarks are single, but for their helpers.
            circles.extend(Imports::of(target.src_path.as_std_path()).circles());
        }
    }
    assert_eq!(circles, Vec::<String>::new(), "circles");
}

/// The files of one target, and which imports from which.
struct Imports {
    /// The file of each module, by its path from the root of the crate.
    files: BTreeMap<Vec<String>, PathBuf>,
    arrows: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Imports {
    fn of(entry: &Path) -> Self {
        let mut imports = Self { files: BTreeMap::new(), arrows: BTreeMap::new() };
        let mut parsed = Vec::new();
        imports.find(Vec::new(), entry, &mut parsed);
        for (module, path, file) in &parsed {
            let mut visitor = Uses { module: module.clone(), found: Vec::new() };
            visitor.visit_file(file);
            for used in visitor.found {
                if let Some(target) = imports.file_of(module, &used)
                    && target != *path
                {
                    imports.arrows.entry(path.clone()).or_default().insert(target);
                }
            }
        }
        imports
    }

    /// Reads the file of `module` and, below it, those it declares.
    fn find(
        &mut self,
        module: Vec<String>,
        path: &Path,
        parsed: &mut Vec<(Vec<String>, PathBuf, syn::File)>,
    ) {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.files.insert(module.clone(), path.to_path_buf());
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new(""));
        let below = if module.is_empty() || stem == "mod" { folder.to_path_buf() } else { folder.join(stem) };
        for item in &file.items {
            let syn::Item::Mod(declared) = item else { continue };
            let elsewhere = declared.attrs.iter().any(|attribute| attribute.path().is_ident("path"));
            if declared.content.is_some() || elsewhere || is_test(&declared.attrs) {
                continue;
            }
            let name = declared.ident.to_string();
            let candidates = [below.join(format!("{name}.rs")), below.join(&name).join("mod.rs")];
            if let Some(child) = candidates.iter().find(|candidate| candidate.exists()) {
                self.arrows.entry(path.to_path_buf()).or_default().insert(child.clone());
                self.find([module.clone(), vec![name]].concat(), child, parsed);
            }
        }
        parsed.push((module, path.to_path_buf(), file));
    }

    /// The file that a path in `module` leads to: that of the deepest module on it.
    fn file_of(&self, module: &[String], path: &[String]) -> Option<PathBuf> {
        let (mut place, rest) = match path.first()?.as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (module.to_vec(), &path[1..]),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                (module[..module.len().checked_sub(ups)?].to_vec(), &path[ups..])
            }
            child => {
                let place = [module, &[child.to_string()]].concat();
                if !self.files.contains_key(&place) {
                    return None;
                }
                (place, &path[1..])
            }
        };
        for segment in rest {
            place.push(segment.clone());
            if !self.files.contains_key(&place) {
                place.pop();
                break;
            }
        }
        self.files.get(&place).cloned()
    }

    /// Files that can be reached from themselves, each as `file: a → b → file`.
    fn circles(&self) -> Vec<String> {
        let mut circles = BTreeSet::new();
        for start in self.arrows.keys() {
            let mut way = vec![start.clone()];
            if self.way_back(start, start, &mut way, &mut BTreeSet::new()) {
                let names = way.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
                circles.insert(names.join(" → "));
            }
        }
        circles.into_iter().collect()
    }

    fn way_back(
        &self,
        at: &Path,
        start: &Path,
        way: &mut Vec<PathBuf>,
        seen: &mut BTreeSet<PathBuf>,
    ) -> bool {
        for next in self.arrows.get(at).into_iter().flatten() {
            way.push(next.clone());
            if next == start || (seen.insert(next.clone()) && self.way_back(next, start, way, seen)) {
                return true;
            }
            way.pop();
        }
        false
    }
}

/// Collects the paths that a file uses, those of its unit tests left out.
struct Uses {
    module: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Uses {
    fn tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                self.tree(&[prefix, &[path.ident.to_string()]].concat(), &path.tree);
            }
            syn::UseTree::Name(name) => self.found.push([prefix, &[name.ident.to_string()]].concat()),
            syn::UseTree::Rename(name) => self.found.push([prefix, &[name.ident.to_string()]].concat()),
            syn::UseTree::Glob(_) => self.found.push(prefix.to_vec()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(prefix, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // What is written in a module inside the file is relative to that.
        let Some((_, items)) = item.content.as_ref().filter(|_| !is_test(&item.attrs)) else { return };
        self.module.push(item.ident.to_string());
        let mut inner = Self { module: self.module.clone(), found: Vec::new() };
        items.iter().for_each(|item| inner.visit_item(item));
        let absolute = |path: &Vec<String>| path.first().is_some_and(|first| first == "crate");
        self.found.extend(inner.found.into_iter().filter(absolute));
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.found.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

/// Whether something is there in unit tests only.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

#[test]
fn a_circle_is_found() {
    let folder = std::env::temp_dir().join(format!("portcullis-layers-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("a")).unwrap();
    std::fs::write(folder.join("lib.rs"), "mod a; mod b; #[cfg(test)] mod tests { use crate::b::X; }")
        .unwrap();
    std::fs::write(folder.join("a.rs"), "mod inner; pub struct X; pub use inner::Y;").unwrap();
    std::fs::write(folder.join("b.rs"), "use crate::a::{X, Y};").unwrap();
    let inner = |text: &str| {
        std::fs::write(folder.join("a/inner.rs"), text).unwrap();
        Imports::of(&folder.join("lib.rs")).circles().len()
    };
    assert_eq!(inner("pub struct Y;"), 0);
    assert_eq!(inner("pub struct Y; #[cfg(test)] mod tests { use crate::a::X; }"), 0);
    assert!(inner("use super::X; pub struct Y;") > 0);
    assert!(inner("pub struct Y(crate::b::Z);") > 0);
    std::fs::remove_dir_all(folder).unwrap();
}
