//! What reached a server, by its own log.

use anyhow::Result;

use crate::lab::Release;
use crate::report::Report;

/// The server's own log shows exactly the requests that had to get through: none is missing, none is there that was
/// refused.
pub(crate) fn compare(release: &Release, report: &mut Report) -> Result<()> {
    let arrivals = release.server.wait_for_arrivals(report.allowed.len())?;
    // Requests the test itself sends straight to the origin say so.
    let arrivals = arrivals.iter().filter(|arrival| !arrival.contains("direct"));
    let mut seen: Vec<&str> = arrivals.filter_map(|arrival| Some(arrival.rsplit_once(' ')?.0)).collect();
    let allowed = std::mem::take(&mut report.allowed);
    let mut missing = Vec::new();
    for expected in &allowed {
        match seen.iter().position(|arrival| arrival == expected) {
            Some(position) => drop(seen.swap_remove(position)),
            None => missing.push(expected),
        }
    }
    let name = release.name;
    report.holds(&format!("{name}: allowed, but not in the server's log"), missing.is_empty(), &missing);
    report.holds(&format!("{name}: in the server's log, but not allowed"), seen.is_empty(), &seen);
    report.holds(&format!("{name}: some requests were allowed"), allowed.len() > 30, allowed.len());
    Ok(())
}
