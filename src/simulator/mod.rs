//! A Slack workspace in one process.
