//! Numbers over time, as a drawing, with the table of the numbers behind it.

use askama::Template;

use super::drawn;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/chart.html")]
pub struct Chart {
    pub title: String,
    pub unit: String,
    /// What stands under the drawing, for each number: `12:05`.
    pub times: Vec<String>,
    pub series: Vec<Series>,
}

#[derive(Clone, Debug, Default)]
pub struct Series {
    pub name: String,
    /// One a time. What is not known is none.
    pub values: Vec<Option<f64>>,
}

drawn!(Chart);

/// Of the drawing, in its own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

impl Chart {
    fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.values.iter().all(Option::is_none))
    }

    /// What the highest line stands for.
    fn top(&self) -> f64 {
        let values = self.series.iter().flat_map(|series| series.values.iter().flatten());
        let most = values.fold(0.0_f64, |most, value| most.max(*value));
        if most <= 0.0 {
            return 1.0;
        }
        let step = 10.0_f64.powf(most.log10().floor());
        [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|times| times * step)
            .find(|top| *top >= most)
            .unwrap_or(most)
    }

    fn label(value: f64) -> String {
        let rounded = if value >= 10.0 || value.fract() == 0.0 { value.round() } else { value };
        crate::words::decimal(rounded)
    }

    /// Known values that follow one another, as points of the drawing.
    fn runs(&self, series: &Series) -> Vec<Vec<String>> {
        let (top, last) = (self.top(), self.times.len().saturating_sub(1).max(1) as f64);
        let points = series.values.iter().enumerate().map(|(index, value)| {
            let x = index as f64 / last * WIDTH;
            value.map(|value| format!("{x:.1} {:.1}", HEIGHT - value / top * HEIGHT))
        });
        let points: Vec<_> = points.collect();
        let runs = points.split(Option::is_none).filter(|run| !run.is_empty());
        runs.map(|run| run.iter().flatten().cloned().collect()).collect()
    }

    /// The lines of a series: one for each run of known values.
    fn path(&self, series: &Series) -> String {
        self.runs(series).iter().map(|run| format!("M{}", run.join("L"))).collect()
    }

    /// Known values with none beside them, of which no line can tell.
    fn dots(&self, series: &Series) -> String {
        let runs = self.runs(series).into_iter();
        runs.filter(|run| run.len() == 1).map(|run| format!("M{}h0", run.concat())).collect()
    }

    fn begin(&self) -> &str {
        self.times.first().map_or("", String::as_str)
    }

    fn end(&self) -> &str {
        self.times.last().map_or("", String::as_str)
    }

    fn said(value: Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), crate::words::decimal)
    }

    fn at(series: &Series, index: usize) -> String {
        Self::said(series.values.get(index).copied().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_where_nothing_is_known() {
        let values = vec![Some(0.0), Some(5.0), None, Some(10.0)];
        let chart = Chart {
            times: ["1", "2", "3", "4"].map(str::to_owned).to_vec(),
            series: vec![Series { name: "all".to_owned(), values }],
            ..Chart::default()
        };
        assert_eq!(chart.top(), 10.0);
        assert_eq!(chart.path(&chart.series[0]), "M0.0 120.0L200.0 60.0M600.0 0.0");
        assert_eq!(chart.dots(&chart.series[0]), "M600.0 0.0h0", "the last has none beside it");
        assert!(!chart.is_empty() && Chart::default().is_empty());
    }
}
