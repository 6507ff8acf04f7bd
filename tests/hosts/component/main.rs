//! The WASI components as they are shipped: size, the pure gate against the core it is made of, the pure gate in a host of
//! another language, and the HTTP components in wasmtime.

mod bodies;
mod differential;
mod embedded;
mod gate;
mod instances;
mod live;
mod middleware;
mod p3;
mod props;
mod proxy;
mod python;
mod served;

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Context, Result};
use libtest_mimic::Trial;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::artefact::ComponentArtefact;
use portcullis_test_support::build;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::host::gate::GateComponent;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;

use props::Props;

/// Ceiling for each component after gzip; here so that growth is noticed in the change that causes it.
const GZIP_BUDGET_BYTES: u64 = 682 * 1024;

/// What the tests share.
#[derive(Clone)]
struct Shared {
    artefacts: Fixture<Vec<ComponentArtefact>>,
    /// The component of the world `gate` in wasmtime.
    gate: Fixture<GateComponent>,
    /// The component of the world `proxy`, as wasmtime has compiled it.
    proxy: Fixture<PathBuf>,
    /// The middleware for WASI 0.3 in front of a service that hands on to an origin, as wasmtime has compiled it.
    relay: Fixture<PathBuf>,
    props: Fixture<Props>,
}

impl Shared {
    fn new() -> Self {
        let artefacts = Fixture::new(|| {
            step("build the components", |step| {
                let artefacts = build::components(step)?;
                artefacts.iter().for_each(|artefact| step.say(&artefact.to_string()));
                Ok(artefacts)
            })
        });
        let built = artefacts.clone();
        let gate = Fixture::new(move || {
            let gate = named(built.get()?, "gate")?;
            step("compile the gate in wasmtime", |step| GateComponent::compile(step, &gate.path))
        });
        let built = artefacts.clone();
        let proxy = Fixture::new(move || live::precompile(&named(built.get()?, "proxy")?.path));
        let relay = Fixture::new(|| {
            let component = step("build the relay behind the middleware", build::guarded_relay)?;
            step("compile it in wasmtime", |step| WasmtimeServe::precompile(&component, "check-p3", step))
        });
        Self { artefacts, gate, proxy, relay, props: Fixture::new(Props::make) }
    }

    /// A test of the pure gate.
    fn of_gate(&self, name: &str, check: fn(&GateComponent, &Props, &mut Summary) -> Result<()>) -> Trial {
        let Self { gate, props, .. } = self.clone();
        harness::checks(name, move |summary| check(gate.get()?, props.get()?, summary))
    }

    /// A test of the component of a world.
    fn of_world(
        &self,
        world: &'static str,
        name: &str,
        check: fn(&Path, &Props, &mut Summary) -> Result<()>,
    ) -> Trial {
        let Self { artefacts, props, .. } = self.clone();
        harness::checks(name, move |summary| {
            check(&named(artefacts.get()?, world)?.path, props.get()?, summary)
        })
    }

    /// A test of the proxy and of the middleware for WASI 0.3 with a gate that learns: side by side, as both mostly wait.
    fn of_live(&self, name: &str, check: fn(&Path, &mut Summary) -> Result<()>) -> Trial {
        let Self { proxy, relay, .. } = self.clone();
        harness::checks(format!("component::live::{name}"), move |summary| {
            let (proxy, relay) = (proxy.get()?, relay.get()?);
            thread::scope(|scope| {
                let of_relay = scope.spawn(|| {
                    let mut summary = Summary::default();
                    check(relay, &mut summary).context("the middleware for WASI 0.3")?;
                    anyhow::Ok(summary)
                });
                let of_proxy = check(proxy, summary).context("the proxy");
                let of_relay = of_relay.join().unwrap_or_else(|panic| resume_unwind(panic))?;
                summary.passed += of_relay.passed;
                let failed = of_relay.failed.into_iter();
                summary
                    .failed
                    .extend(failed.map(|failure| format!("the middleware for WASI 0.3: {failure}")));
                of_proxy
            })
        })
    }

    /// A test of the middleware for WASI 0.3.
    fn of_p3(&self, name: &str, check: fn(&Path, &Props, &mut Summary) -> Result<()>) -> Trial {
        let Self { relay, props, .. } = self.clone();
        harness::checks(format!("component::p3::{name}"), move |summary| {
            check(relay.get()?, props.get()?, summary)
        })
    }
}

fn main() -> ExitCode {
    let shared = Shared::new();
    let artefacts = shared.artefacts.clone();
    let tests = vec![
        harness::checks("component::imports_and_size", move |summary| {
            artefacts.get()?.iter().for_each(|artefact| inspect(artefact, summary));
            Ok(())
        }),
        shared.of_gate("component::gate::refused_configurations", gate::refused),
        shared.of_gate("component::gate::hostile_requests", gate::hostile),
        shared.of_gate("component::gate::clock", gate::clock),
        shared.of_gate("component::gate::agrees_with_the_core::enforce", |gate, props, summary| {
            differential::check("enforce", gate, props, summary)
        }),
        shared.of_gate("component::gate::agrees_with_the_core::report", |gate, props, summary| {
            differential::check("report", gate, props, summary)
        }),
        shared.of_gate("component::gate::embedded::refused", embedded::refused),
        shared.of_gate("component::gate::embedded::keys", embedded::keys),
        shared.of_gate("component::gate::embedded::sources", embedded::sources),
        shared.of_gate("component::gate::embedded::bundle", embedded::bundle),
        shared.of_gate("component::gate::embedded::callers", embedded::callers),
        shared.of_gate("component::gate::embedded::objects", embedded::objects),
        shared.of_gate("component::gate::embedded::handles", embedded::handles),
        shared
            .of_world("gate", "component::gate::in_python", |gate, _, summary| python::check(gate, summary)),
        shared.of_world("proxy", "component::proxy::forwarding", proxy::forwarding),
        shared.of_world("proxy", "component::proxy::instances", instances::check),
        shared.of_world("proxy", "component::proxy::bodies::enforced", bodies::enforced),
        shared.of_world("proxy", "component::proxy::hosts", bodies::hosts),
        shared.of_world("proxy", "component::proxy::bodies::reported", |proxy, props, summary| {
            bodies::reported(proxy, props, false, summary)
        }),
        shared.of_world("proxy", "component::proxy::bodies::reported_to_callers", |proxy, props, summary| {
            bodies::reported(proxy, props, true, summary)
        }),
        shared.of_world("proxy", "component::proxy::without_what_it_needs", proxy::lacking),
        shared.of_world("proxy", "component::proxy::after_a_trap", proxy::recovery),
        shared.of_world("middleware", "component::middleware", |_, props, summary| {
            middleware::check(props, summary)
        }),
        shared.of_live("keys", live::keys),
        shared.of_live("asks", live::asks),
        shared.of_p3("forwarding", proxy::forwarding),
        shared.of_p3("instances", instances::check),
        shared.of_p3("bodies::enforced", bodies::enforced),
        shared.of_p3("bodies::reported", |relay, props, summary| {
            bodies::reported(relay, props, false, summary)
        }),
        shared.of_p3("bodies::reported_to_callers", |relay, props, summary| {
            bodies::reported(relay, props, true, summary)
        }),
        shared.of_p3("downloads", p3::downloads),
        shared.of_p3("uploads", p3::uploads),
        shared.of_p3("events", p3::events),
        shared.of_p3("trailers", p3::trailers),
        shared.of_p3("sharing", p3::sharing),
        shared.of_p3("after_a_trap", p3::trap),
    ];
    drop(shared);
    harness::run(tests, Order::Sequential)
}

fn named<'a>(artefacts: &'a [ComponentArtefact], world: &str) -> Result<&'a ComponentArtefact> {
    let found = artefacts.iter().find(|artefact| artefact.name == world);
    found.with_context(|| format!("no component `{world}`"))
}

/// The build has compared the imports with its lists already; that the gate's list is empty is what the check is about.
fn inspect(artefact: &ComponentArtefact, summary: &mut Summary) {
    let ComponentArtefact { name, wasm_gzip_bytes, imports, .. } = artefact;
    let over = *wasm_gzip_bytes > GZIP_BUDGET_BYTES;
    summary.count(over.then(|| {
        format!("{name} has {wasm_gzip_bytes} bytes after gzip, more than the budget of {GZIP_BUDGET_BYTES}")
    }));
    if name == "gate" {
        summary.count((!imports.is_empty()).then(|| format!("the gate imports {}", imports.join(", "))));
    }
}
