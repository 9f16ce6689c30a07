//! What the run prints, table by table as it gets there, and what it writes at the end.

use std::collections::BTreeMap;

use anyhow::Result;

use super::gateway::Contender::{
    Managed, ManagedLarge, ManagedWatched, Nginx, NginxBare, NginxJwt, Protected, Public,
};
use super::managed::Large;
use super::managed::pages::Page;
use super::memory::Memory;
use super::miss::{Misses, QUANTITIES};
use super::samples::Samples;
use super::{Options, latency, say};
use crate::measures::Measures;
use crate::stats::Spread;

/// What is wanted of the gateway: the name in the summary and the most it may be.
const TARGETS: [(&str, f64); 16] = [
    ("protected_over_public", 1.08),
    ("protected_over_nginx", 1.15),
    ("p50_over_nginx", 1.15),
    ("p90_over_nginx", 1.15),
    ("rss_50k_tokens_mib", 120.0),
    ("miss_cpu_us", 150.0),
    ("miss_es256_rest_us", 30.0),
    ("miss_rs256_rest_us", 30.0),
    ("managed_over_protected", 1.05),
    ("managed_large_over_managed", 1.05),
    ("managed_watched_over_managed", 1.02),
    ("large_catalog_seconds", 3.0),
    ("large_rss_mib", 400.0),
    ("large_change_seconds", 1.0),
    ("slowest_page_ms", 20.0),
    ("largest_page_kb", 40.0),
];

#[derive(Debug)]
pub(super) struct Report<'a> {
    options: &'a Options,
    summary: Measures,
    /// Of what is wanted, as far as it was measured in rounds.
    spreads: BTreeMap<String, Spread>,
}

impl<'a> Report<'a> {
    pub(super) fn new(options: &'a Options, versions: &str) -> Result<Self> {
        let Options { rounds, connections, gateway_core, load_core, .. } = options;
        let (requests, what) = match options.only_misses {
            true => (options.misses, "new tokens a round"),
            false => (options.requests, "requests a contender and round"),
        };
        say(&format!(
            "{versions}\n\
             {rounds} rounds, fresh processes each round, medians (least .. most of any round)\n\
             gateway: one worker on core {gateway_core}; client, backend, authorization server: \
             core {load_core}\n\
             {connections} connections, {requests} {what}"
        ))?;
        let mut summary = Measures::default();
        summary.note("rounds", *rounds as f64);
        summary.note("requests_per_round", options.requests as f64);
        Ok(Self { options, summary, spreads: BTreeMap::new() })
    }

    fn note(&mut self, name: String, spread: Spread) {
        self.summary.note(name.clone(), spread.median);
        self.spreads.insert(name, spread);
    }

    pub(super) fn summary(&self) -> &Measures {
        &self.summary
    }

    pub(super) fn cost(&mut self, title: &str, prefix: &str, samples: &Samples) -> Result<()> {
        say(&format!("\nCPU per request, closed loop, {title}"))?;
        for (contender, words) in [
            (Public, "phantom, public route"),
            (Protected, "phantom, protected, cached token"),
            (Nginx, "nginx, same header work"),
            (NginxBare, "nginx, passing on only"),
            (NginxJwt, "nginx, 1 KiB of credential"),
        ] {
            let cpu = samples.spread(contender, "cpu_us")?;
            let rate = samples.spread(contender, "per_second")?;
            say(&format!("  {words:<34}{} µs {:>8.0} requests/s", shown(cpu), rate.median))?;
            self.summary.note(format!("{prefix}{}_cpu_us", contender.name()), cpu.median);
        }
        for (upper, lower) in [
            (Protected, Public),
            (Protected, Nginx),
            (Public, Nginx),
            (Protected, NginxBare),
            (NginxJwt, Nginx),
            (Protected, NginxJwt),
        ] {
            let ratio = samples.ratio(upper, lower, "cpu_us")?;
            let (upper, lower) = (upper.name(), lower.name());
            say(&format!("  {:<34}{}", format!("{upper} / {lower}"), shown(ratio)))?;
            self.note(format!("{prefix}{upper}_over_{lower}"), ratio);
        }
        Ok(())
    }

    pub(super) fn latency(&mut self, samples: &Samples) -> Result<()> {
        let rate = self.options.rate;
        say(&format!("\nlatency at {rate} requests/s, open loop, µs"))?;
        say("                   from the time meant to leave         from sending      CPU per")?;
        say("                   p50     p90     p99       max       p50     p90     request")?;
        for contender in latency::CONTENDERS {
            let mut line = format!("  {:<12}", contender.name());
            for (quantity, width) in latency::QUANTITIES.into_iter().zip([8, 8, 8, 10, 10, 8, 12]) {
                let median = samples.spread(contender, quantity)?.median;
                line += &format!("{median:>width$.1}");
                self.summary.note(format!("{}_{rate}_{quantity}", contender.name()), median);
            }
            say(&line)?;
        }
        for quantity in ["p50_us", "p90_us", "sent_p50_us", "sent_p90_us"] {
            let name = quantity.trim_end_matches("_us");
            let ratio = samples.ratio(Protected, Nginx, quantity)?;
            say(&format!("  {:<34}{}", format!("{name}: protected / nginx"), shown(ratio)))?;
            self.note(format!("{name}_over_nginx"), ratio);
            let ratio = samples.ratio(Public, Nginx, quantity)?;
            self.summary.note(format!("public_{name}_over_nginx"), ratio.median);
        }
        Ok(())
    }

    pub(super) fn memory(&mut self, memory: &Memory) -> Result<()> {
        let Memory { fresh_mib, full_mib, asked_again } = *memory;
        let tokens = self.options.tokens;
        say(&format!("\nresident memory of the process, {tokens} distinct tokens, JWTs of 1 KiB"))?;
        say(&format!("  {:<34}{fresh_mib:>8.1} MiB", "fresh"))?;
        say(&format!("  {:<34}{full_mib:>8.1} MiB", "with all tokens"))?;
        say(&format!("  {:<34}{asked_again:>8} of {tokens}", "not cached when they came again"))?;
        self.summary.note("rss_fresh_mib", fresh_mib);
        self.summary.note("rss_50k_tokens_mib", full_mib);
        self.summary.note("rss_tokens", tokens as f64);
        self.summary.note("rss_tokens_asked_again", asked_again as f64);
        Ok(())
    }

    pub(super) fn misses(&mut self, misses: &[Misses; 2]) -> Result<()> {
        say("\nCPU per request with a token never seen before, taken apart")?;
        for Misses { signature, samples } in misses {
            for (quantity, words) in QUANTITIES.into_iter().zip([
                "a miss",
                "of it, the request with a cached token",
                "of it, the bare signature check",
                "the rest",
            ]) {
                let cpu = samples.spread(Protected, quantity)?;
                let words = format!("{signature}, {words}");
                say(&format!("  {words:<48}{} µs", shown(cpu)))?;
                self.note(format!("miss_{signature}_{quantity}_us"), cpu);
            }
        }
        let whole = self.summary.value("miss_es256_miss_us")?;
        self.summary.note("miss_cpu_us", whole);
        Ok(())
    }

    pub(super) fn managed(&mut self, samples: &Samples, large: &Large) -> Result<()> {
        say("\nCPU per request of a managed API, closed loop, cached token")?;
        for (contender, words) in [
            (Protected, "phantom, protected route of a file"),
            (Managed, "phantom, managed API"),
            (ManagedLarge, "phantom, managed API, large"),
            (ManagedWatched, "phantom, managed API, Traffic open"),
        ] {
            let cpu = samples.spread(contender, "cpu_us")?;
            let rate = samples.spread(contender, "per_second")?;
            say(&format!("  {words:<34}{} µs {:>8.0} requests/s", shown(cpu), rate.median))?;
            self.summary.note(format!("with_managed_{}_cpu_us", contender.name()), cpu.median);
        }
        for (upper, lower) in
            [(Managed, Protected), (ManagedLarge, Managed), (ManagedWatched, Managed)]
        {
            let ratio = samples.ratio(upper, lower, "cpu_us")?;
            let (upper, lower) = (upper.name(), lower.name());
            say(&format!("  {:<34}{}", format!("{upper} / {lower}"), shown(ratio)))?;
            self.note(format!("{upper}_over_{lower}"), ratio);
        }
        let Large { catalog_seconds, rss_mib, change_seconds } = *large;
        say("  large: 1,000 APIs, 100,000 applications, 300,000 subscriptions")?;
        for (words, name, value, unit) in [
            ("start until the catalog is in force", "large_catalog_seconds", catalog_seconds, "s"),
            ("resident memory", "large_rss_mib", rss_mib, "MiB"),
            ("one change until it is in force", "large_change_seconds", change_seconds, "s"),
        ] {
            say(&format!("  {words:<34} {value:>8.3} {unit}"))?;
            self.summary.note(name, value);
        }
        Ok(())
    }

    pub(super) fn pages(&mut self, pages: &[Page]) -> Result<()> {
        say("\nPages of the console: 10,000 APIs, 100,000 applications, 300,000 subscriptions")?;
        let (mut slowest, mut largest) = (0.0_f64, 0.0_f64);
        for Page { path, took, bytes } in pages {
            let (took, kilobytes) = (took.as_secs_f64() * 1e3, *bytes as f64 / 1e3);
            say(&format!("  {path:<54} {took:>8.2} ms {kilobytes:>8.1} kB"))?;
            // Shows everything there is, to those who build it.
            if *path != "/design" {
                (slowest, largest) = (slowest.max(took), largest.max(kilobytes));
            }
        }
        self.summary.note("slowest_page_ms", slowest);
        self.summary.note("largest_page_kb", largest);
        Ok(())
    }

    /// Hold the results against what is wanted; whether all of it was reached.
    pub(super) fn targets(&self) -> Result<bool> {
        say("\nwanted")?;
        let mut all_met = true;
        for (name, most) in TARGETS {
            let value = self.summary.value(name)?;
            let met = value <= most;
            all_met &= met;
            let verdict = if met { "met" } else { "MISSED" };
            // Another run may say otherwise.
            let is_open = self.spreads.get(name).is_some_and(|spread| is_undecided(*spread, most));
            let open = if is_open { ", undecided: rounds differ by more than that" } else { "" };
            say(&format!("  {name:<34}{value:>8.3}   at most {most:<6} {verdict}{open}"))?;
        }
        Ok(all_met)
    }
}

/// The rounds differ by more than the result lies from what is wanted.
fn is_undecided(spread: Spread, wanted: f64) -> bool {
    spread.most - spread.least > (spread.median - wanted).abs()
}

fn shown(spread: Spread) -> String {
    let Spread { median, least, most } = spread;
    let digits = if median < 10.0 { 3 } else { 2 };
    format!("{median:>8.digits$} ({least:.digits$} .. {most:.digits$})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_do_not_agree_on_is_undecided() {
        let spread = |least, median, most| Spread { median, least, most };
        assert!(is_undecided(spread(1.06, 1.13, 1.17), 1.08));
        assert!(!is_undecided(spread(1.12, 1.13, 1.14), 1.08));
        assert!(is_undecided(spread(0.99, 1.03, 1.12), 1.05));
    }
}
