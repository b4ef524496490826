//! The data sets, split into what is learned from and what is tested on.

use std::fs;
use std::path::PathBuf;

use deskd::domain::learn::{Example, Phrase, Prior, tsv};

/// Where the files are.
pub struct Data {
    train: PathBuf,
    test: Option<PathBuf>,
}

/// A way to split a set.
#[derive(Clone)]
pub struct Fold {
    /// Learned from.
    pub train: Vec<Example>,
    /// Tested on.
    pub test: Vec<Example>,
}

impl Data {
    /// The folders that the environment names.
    pub fn from_environment() -> Option<Data> {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
        Some(Data { train: folder("DESKD_TRIAGE")?, test: folder("DESKD_TRIAGE_TEST") })
    }

    /// What is tested on, in words.
    pub fn describe(&self) -> &'static str {
        match self.test {
            Some(_) => "test files",
            None => "every fifth line of the train files (DESKD_TRIAGE_TEST is not set)",
        }
    }

    /// One split: the test file, or every fifth line.
    pub fn fold(&self, set: &str) -> Fold {
        self.test_file(set, "test").unwrap_or_else(|| every_fifth(&self.lines(set), 4))
    }

    /// The splits of a small set: the test file, or each fifth of the lines in turn.
    pub fn folds(&self, set: &str) -> Vec<Fold> {
        match self.test_file(set, "test") {
            Some(fold) => vec![fold],
            None => (0..5).map(|at| every_fifth(&self.lines(set), at)).collect(),
        }
    }

    /// The splits with chatter around what is wanted: a test file of its own, or `chatter` put around the test lines.
    pub fn bundled(&self, set: &str, file: &str, chatter: (&str, &str)) -> Vec<Fold> {
        if let Some(fold) = self.test_file(set, file) {
            return vec![fold];
        }
        let around = |example: &Example| {
            let mut texts: Vec<String> = example.texts().into_iter().map(str::to_owned).collect();
            texts.insert(0, chatter.0.to_owned());
            texts.push(chatter.1.to_owned());
            Example::new(texts, example.category(), 1.0).expect("it was one before")
        };
        let mut folds = self.folds(set);
        folds.iter_mut().for_each(|fold| fold.test = fold.test.iter().map(around).collect());
        folds
    }

    /// All lines of a set's train file.
    pub fn lines(&self, set: &str) -> Vec<Example> {
        self.read(&self.train.join(set).join("train.tsv")).expect("a train file")
    }

    /// The lines that belong to no category of the set.
    pub fn out_of_scope(&self) -> Vec<Example> {
        let test = self.test.as_ref().map(|folder| folder.join("clinc150").join("oos_test.tsv"));
        let test = test.and_then(|path| self.read(&path));
        test.or_else(|| self.read(&self.train.join("clinc150").join("oos_train.tsv")))
            .expect("lines out of scope")
    }

    /// The configured words of a set.
    pub fn prior(&self, set: &str) -> Prior {
        let text = fs::read_to_string(self.train.join(set).join("keywords.tsv")).expect("a file of keywords");
        let phrases: Vec<Phrase> = tsv::phrases(&text).rows;
        let fallback = phrases.iter().any(|phrase| phrase.category == "other").then(|| "other".to_owned());
        Prior::new(phrases, fallback)
    }

    fn test_file(&self, set: &str, file: &str) -> Option<Fold> {
        let test = self.read(&self.test.as_ref()?.join(set).join(format!("{file}.tsv")))?;
        Some(Fold { train: self.lines(set), test })
    }

    fn read(&self, path: &std::path::Path) -> Option<Vec<Example>> {
        Some(tsv::examples(&fs::read_to_string(path).ok()?).rows)
    }
}

fn every_fifth(lines: &[Example], residue: usize) -> Fold {
    let (test, train): (Vec<_>, Vec<_>) =
        lines.iter().cloned().enumerate().partition(|(at, _)| at % 5 == residue);
    let bare = |numbered: Vec<(usize, Example)>| numbered.into_iter().map(|(_, example)| example).collect();
    Fold { train: bare(train), test: bare(test) }
}
