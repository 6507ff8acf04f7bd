//! The WASI components: compile, wrap, and make sure of what each imports.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};
use wit_component::{ComponentEncoder, DecodedWasm, decode};

use super::module;
use portcullis_test_support::artefact::ComponentArtefact;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::Step;
use portcullis_test_support::tools::stamp::{Stamp, lock};
use portcullis_test_support::tools::{node, rust};

/// A component: the world, and every interface it may import. One more is something a dependency has brought in unasked;
/// one less makes this list a lie.
struct Recipe {
    name: &'static str,
    /// In `dist`.
    file: &'static str,
    wasi: Wasi,
    imports: &'static [&'static str],
}

/// The version of WASI that a component is for. Crates for one are compiled together, and apart from those for another: cargo
/// gives all that it compiles together the same features of `wit-bindgen`.
#[derive(PartialEq, Eq)]
enum Wasi {
    P2,
    P3,
}

const RECIPES: &[Recipe] = &[
    Recipe { name: "gate", file: "portcullis.gate.wasm", wasi: Wasi::P2, imports: &[] },
    Recipe {
        name: "middleware",
        file: "portcullis.middleware.wasm",
        wasi: Wasi::P2,
        imports: &[
            "wasi:cli/environment@0.2.12",
            "wasi:cli/stderr@0.2.12",
            "wasi:cli/stdout@0.2.12",
            "wasi:clocks/monotonic-clock@0.2.12",
            "wasi:clocks/wall-clock@0.2.12",
            "wasi:http/incoming-handler@0.2.12",
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:http/types@0.2.12",
            "wasi:io/error@0.2.12",
            "wasi:io/poll@0.2.12",
            "wasi:io/streams@0.2.12",
            "wasi:random/random@0.2.12",
        ],
    },
    Recipe {
        name: "proxy",
        file: "portcullis.reverse-proxy.wasm",
        wasi: Wasi::P2,
        imports: &[
            "wasi:cli/environment@0.2.12",
            "wasi:cli/stderr@0.2.12",
            "wasi:cli/stdout@0.2.12",
            "wasi:clocks/monotonic-clock@0.2.12",
            "wasi:clocks/wall-clock@0.2.12",
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:http/types@0.2.12",
            "wasi:io/error@0.2.12",
            "wasi:io/poll@0.2.12",
            "wasi:io/streams@0.2.12",
            "wasi:random/random@0.2.12",
        ],
    },
    Recipe {
        name: "middleware-p3",
        file: "portcullis.middleware-p3.wasm",
        wasi: Wasi::P3,
        imports: &[
            "wasi:cli/environment@0.3.0",
            "wasi:cli/stderr@0.3.0",
            "wasi:cli/stdout@0.3.0",
            "wasi:cli/types@0.3.0",
            "wasi:clocks/monotonic-clock@0.3.0",
            "wasi:clocks/system-clock@0.3.0",
            "wasi:clocks/types@0.3.0",
            "wasi:http/client@0.3.0",
            "wasi:http/handler@0.3.0",
            "wasi:http/types@0.3.0",
            "wasi:random/random@0.3.0",
        ],
    },
];

/// More than [`module::LEVEL`]: half a percent of their bytes, which their budgets count.
const LEVEL: &str = "-O3";

/// Builds every component into `dist`. Those whose inputs have not changed are left as they are.
///
/// # Errors
///
/// If a tool fails, or a component imports anything else than its world is meant to.
pub(crate) fn component(step: &Step) -> Result<Vec<ComponentArtefact>> {
    rust::targets(step)?;
    let tools = node::npm(step)?;
    let _lock = lock("component")?;
    let modules = compile(step)?;
    let dist = root().join("dist");
    fs::create_dir_all(&dist).with_context(|| dist.display().to_string())?;
    let build = |(recipe, module): (&Recipe, &PathBuf)| {
        let path = dist.join(recipe.file);
        package(step, recipe, module, &tools, &path)?;
        measure(recipe, path)
    };
    RECIPES.iter().zip(&modules).map(build).collect()
}

/// Compiles the crate of every recipe; their modules, in the order of the recipes.
fn compile(step: &Step) -> Result<Vec<PathBuf>> {
    let mut modules = Vec::new();
    for recipes in RECIPES.chunk_by(|one, next| one.wasi == next.wasi) {
        let packages: Vec<_> = recipes.iter().map(|recipe| format!("portcullis-{}", recipe.name)).collect();
        let packages: Vec<_> = packages.iter().map(String::as_str).collect();
        modules.extend(module::compile_all(step, &packages, &[])?);
    }
    Ok(modules)
}

/// Writes a component to `path` if it imports what it should, unless it was made of the same inputs already.
fn package(step: &Step, recipe: &Recipe, compiled: &Path, tools: &Path, path: &Path) -> Result<()> {
    let work = target("build").join("component").join(recipe.name);
    fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let npm_lock = root().join("tests").join("support").join("npm").join("package-lock.json");
    let recipes = [RECIPE, module::RECIPE, MANIFEST].concat();
    let stamp = Stamp::new(&work, &[&read(compiled)?, &read(&npm_lock)?, recipes.as_bytes()]);
    if stamp.matches() && path.is_file() {
        return Ok(());
    }
    let smaller = work.join("module.wasm");
    // It keeps the section that describes the world.
    module::optimise(step, tools, compiled, &smaller, &[LEVEL])?;
    let wasm = encode(&smaller)?;
    let imports = imports(&wasm)?;
    if imports != recipe.imports {
        bail!(
            "the component `{}` imports\n  {}\nbut should import\n  {}",
            recipe.name,
            imports.join("\n  "),
            recipe.imports.join("\n  ")
        );
    }
    fs::write(path, &wasm).with_context(|| path.display().to_string())?;
    stamp.set()
}

/// This file, and the version of what wraps a module: a change of either counts as a change of the inputs.
const RECIPE: &str = include_str!("component.rs");
const MANIFEST: &str = include_str!("../../Cargo.toml");

fn measure(recipe: &Recipe, path: PathBuf) -> Result<ComponentArtefact> {
    let (wasm_bytes, wasm_gzip_bytes) = module::sizes(&path)?;
    let imports = imports(&fs::read(&path)?)?;
    Ok(ComponentArtefact { name: recipe.name.to_string(), path, wasm_bytes, wasm_gzip_bytes, imports })
}

/// Makes a component of a core module, which carries the description of its world in a section.
fn encode(module: &Path) -> Result<Vec<u8>> {
    let core = fs::read(module).with_context(|| module.display().to_string())?;
    ComponentEncoder::default().validate(true).module(&core)?.encode()
}

/// Builds the example's service, which answers with what it received, and puts the middleware in front of it; the file.
///
/// # Errors
///
/// If something does not build.
pub(crate) fn guarded_service(step: &Step) -> Result<PathBuf> {
    guarded(step, "middleware", "echo")
}

/// Builds the example's relay, which hands requests on to an origin, and puts the middleware for WASI 0.3 in front of it; the
/// file.
///
/// # Errors
///
/// If something does not build.
pub(crate) fn guarded_relay(step: &Step) -> Result<PathBuf> {
    guarded(step, "middleware-p3", "relay")
}

/// The component `gate` in front of the service `example`.
fn guarded(step: &Step, gate: &str, example: &str) -> Result<PathBuf> {
    let components = component(step)?;
    let gate = components.iter().find(|component| component.name == gate);
    let gate = gate.with_context(|| format!("no component in front of {example}"))?;
    let dir = target("component");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let (inner, composed) =
        (dir.join(format!("{example}.wasm")), dir.join(format!("guarded-{example}.wasm")));
    service(step, &format!("portcullis-example-{example}"), &inner)?;
    compose(&gate.path, &inner, &composed)?;
    Ok(composed)
}

/// Builds a crate that implements a `wasi:http` service as a component.
///
/// # Errors
///
/// If it does not compile, or is no component.
fn service(step: &Step, package: &str, path: &Path) -> Result<()> {
    let wasm = encode(&module::compile(step, package, &[])?)?;
    fs::write(path, wasm).with_context(|| path.display().to_string())
}

/// Puts `gate`, a middleware, in front of a `wasi:http` service, as `wac plug` does; `path` receives the
/// two as one component.
///
/// # Errors
///
/// If the service does not export the handler that the middleware imports.
fn compose(gate: &Path, service: &Path, path: &Path) -> Result<()> {
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, file: &Path| {
        let package = Package::from_file(name, None, file, graph.types_mut())?;
        Ok::<_, anyhow::Error>(graph.register_package(package)?)
    };
    let (socket, inner) =
        (register("portcullis:middleware", gate)?, register("portcullis:service", service)?);
    plug(&mut graph, vec![inner], socket)
        .with_context(|| format!("{} is no wasi:http service", service.display()))?;
    let wasm = graph.encode(EncodeOptions::default())?;
    // Otherwise the composition has gone past the gate, or still waits for a service.
    if imports(&wasm)?.iter().any(|name| HANDLERS.iter().any(|handler| name.starts_with(handler))) {
        bail!("{} was not plugged in", service.display());
    }
    fs::write(path, wasm).with_context(|| path.display().to_string())
}

/// The interfaces of a `wasi:http` service, in WASI 0.2 and 0.3, without their versions.
const HANDLERS: [&str; 2] = ["wasi:http/incoming-handler@", "wasi:http/handler@"];

/// What a component imports, as its binary says: interfaces in the order of their names.
fn imports(wasm: &[u8]) -> Result<Vec<String>> {
    let DecodedWasm::Component(resolve, world) = decode(wasm)? else {
        bail!("not a component");
    };
    let mut names: Vec<_> =
        resolve.worlds[world].imports.keys().map(|key| resolve.name_world_key(key)).collect();
    names.sort();
    Ok(names)
}
