//! `docs/faults.md`.

use super::row::Row;
use portcullis_host_tests::hosts::ALL;

/// Where what follows is not from the matrix.
const SOAK: &str = "## Soak\n";

const HEAD: &str = "\
# Faults

Written by `cargo xtask faults`: what each host does while a server that it depends on fails, and
how long it takes to get over it. Nothing here is a model: the hosts are workerd, Envoy, wasmtime
and Node.js, and the server fails on a socket. The test command plays a part of it, and fails if a
status is another one than here, if anybody is let in who should not be, or if calls become a
stampede.

* *source*: the keys of an issuer, by URL; by discovery for *wrong issuer*. *bundle*: the signed file,
  with the keys of an issuer in it. *ask*: the origin's who-am-I. *store*: API-key records in Workers
  KV, which only the Worker has.
* *unknown* is what a good credential gets of which nothing is known yet, *known* what one gets that
  was let in before the fault began: a key that was fetched, an answer that is remembered.
* *good in*: how many good credentials were let in of those that came at once, with the fault, as
  the first requests at all; *bad in* the same of bad ones, which came among them and besides.
* *calls*: what those at once cost the server that fails. *kids*: what 1,000 unknown keys at once
  cost it, 30 seconds after keys were fetched.
* *recovery*: from the end of the fault to the first good credential that is let in of those that
  *unknown* was about.

`slow` takes 0.3 s for an answer. `rotated` is a set in which another key has taken the place of the
known one: the known one is refused as soon as the set is there.

The component has as many instances as there are requests at once, and each of them is a gate by
itself, which fetches and asks for itself: the calls are as many as there are instances. wasmtime
has room for 333 of them, and answers 500 by itself to whoever comes besides. Instances that have
just fetched do not fetch again for an unknown key, which is why *kids* is small in some lines. As
long as an instance lives it goes by the keys that it has until it fetches again: after `rotated`, one
that began before still accepts the known key, and a host recovers when the instance that answers has
tried again. Envoy's main thread fetches keys once more than its workers.

A source that fails is tried again after 5 seconds and more, which adds to its calls; so is a bundle:
5, 10, 20 and 40 seconds later. Envoy fetches it without being asked, so that its recovery is what was
left of such a time when the fault ended.

`expired`, `older` and `forged` are bundles with one more key for tokens: one that has ended, one of
a lower version, and one that a key has signed which the configuration does not pin. A token under the
key that only they have counts as a bad one. A host that has just begun, as each new instance of the
component has, knows of no other version, and takes the older one
([bundle.md](bundle.md#what-is-refused) says what bounds that).

That an answer about a credential failed is remembered for a second: a crowd with one credential
costs a server that is down one call a second, and never two at the same time. The same holds for
records of API keys in Workers KV, whatever it says: *calls* are those for two keys there, of which
one is a bad one with the identifier of the other.

*clock*: the clock of the host is set forth or back while it runs, and is right again afterwards. The
good credential ends in two hours and does not say when it was issued; *known* is one that says so, and
ends in ten minutes. By a clock that shows 1970 nothing has ever expired, and nobody is let in.

What such a clock does is tested in the core as well, with any times
(`tests/core/tests/it/clock.rs`, `tests/core/tests/it/live`), and on the hosts
(`tests/hosts/live/clock.rs`): the Worker in workerd and Node.js have one that can be set, `wasmtime
serve` and Envoy are told the time of day by a library in the place of the C library's
(`tests/clock`), and the component `gate` is told it in any case. A step is noticed where time is
looked at before and after it: in an instance of the component, or a worker of Envoy, that was idle
in between, an answer that it remembers counts for as much longer as the clock was set back.

";

const COLUMNS: &str = "\
| host | kind | fault | unknown | known | good in | bad in | calls | kids | recovery |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

/// The page, with the lines of hosts that were not measured, and the part about the soak, as they were in `earlier`.
pub(super) fn page(rows: &[Row], earlier: &str) -> String {
    let (matrix, soak) = earlier.split_at(earlier.find(SOAK).unwrap_or(earlier.len()));
    let lines = ALL.iter().map(|kind| {
        let beginning = format!("| {} | ", kind.name());
        let mut measured = rows.iter().filter(|row| row.host == *kind).map(line).peekable();
        if measured.peek().is_some() {
            measured.collect::<String>()
        } else {
            let kept = matrix.lines().filter(|line| line.starts_with(&beginning));
            kept.map(|line| format!("{line}\n")).collect()
        }
    });
    let between = if soak.is_empty() { "" } else { "\n" };
    format!("{HEAD}{COLUMNS}{}{between}{soak}", lines.collect::<String>())
}

const SOAK_HEAD: &str = "\
## Soak

Written by `cargo xtask soak`: mixed requests to each host with keys by URL, asks, memory, limits of
failures and revocations. Of the credentials, more are good than the gate remembers; the others are
unknown kids, revoked tokens, garbage, and strangers about whom the origin is asked. *MiB* is the
memory of the host's process that is in use, at the beginning and after each quarter. A 429 is
whoever has failed too often; the component is not told who its clients are.

| host | requests | time | MiB | answers | asks |
| --- | ---: | ---: | --- | --- | ---: |
";

/// The page with `line` in the table of the soak, in the place of the one that begins alike.
pub(super) fn with_soak(text: &str, beginning: &str, line: &str) -> String {
    let (before, after) = text.split_at(text.find(SOAK).unwrap_or(text.len()));
    let rows = after.lines().skip_while(|line| !line.starts_with("| --- |")).skip(1);
    let kept: String = rows.filter(|row| !row.starts_with(beginning)).map(|row| format!("{row}\n")).collect();
    format!("{}\n\n{SOAK_HEAD}{kept}{line}", before.trim_end())
}

fn line(row: &Row) -> String {
    let Row { kind, fault, status, good: (good, of), bad_let_in, calls, .. } = row;
    let number = |number: Option<usize>| number.map_or("-".to_owned(), |number| number.to_string());
    let known = row.known.as_deref().unwrap_or("-");
    let recovered = row.recovered.map_or("-".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
    format!(
        "| {} | {kind} | {fault} | {status} | {known} | {good} of {of} | {bad_let_in} | {calls} | {} | {recovered} |\n",
        row.host.name(),
        number(row.unknown),
    )
}

/// What the page says of the row: the statuses of what is unknown and of what is known.
pub(super) fn written(text: &str, row: &Row) -> Option<(String, String)> {
    let beginning = format!("| {} | {} | {} | ", row.host.name(), row.kind, row.fault);
    let line = text.lines().find_map(|line| line.strip_prefix(&beginning))?;
    let mut cells = line.split(" | ").map(str::to_owned);
    Some((cells.next()?, cells.next()?))
}
