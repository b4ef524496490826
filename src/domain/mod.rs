//! Decisions: pure values in, values out. No async, no I/O, no clock, no Slack wire shapes, no SQL.
//!
//! In reading order: `ids` and `time` are the small change; `message` is what Slack tells us; `bundle` decides what
//! becomes of a message; `task` is what somebody has to deal with; `send` is what we say back, `destination` what keeps it
//! from going there; `notice` is what systems have to tell, `route` decides where it goes, `card` what it looks like, `mention` whom it
//! calls, `feed` when it leaves; `directory` is who there is;
//! `caller` is who may hand notices in, `heartbeat` whose silence is told, `outcome` how notices end;
//! `carry` and `handout` are the ways that do not lead through Slack, `reach` how far they go;
//! `own`, `trouble`, `alarm` and `telling` are deskd's own troubles; `recovery` is how gaps are closed; `reason` is why.
//! `install` is how somebody installs the app, `installation` the app in a workspace, `spaces` which workspaces we serve, and whose an event is,
//! `project` a part of one that is bound to a channel.
//! `audit` is who changed what. `classify` decides by rules, `learn` from examples, `advice` is what a language model is asked and what its answer changes,
//! `redact` what is taken out before, `privacy` all that leaves, to whom and for what.

pub mod advice;
pub mod alarm;
pub mod audit;
pub mod backoff;
pub mod bundle;
pub mod caller;
pub mod canary;
pub mod card;
pub mod carry;
pub mod chart;
pub mod classify;
pub mod connection;
pub mod contact;
pub mod courtesy;
pub mod destination;
pub mod directory;
pub mod durable;
pub mod erasure;
pub mod feed;
pub mod figures;
pub mod handout;
pub mod heartbeat;
pub mod ids;
pub mod install;
pub mod installation;
pub mod learn;
pub mod limit;
pub mod mention;
pub mod message;
pub mod mrkdwn;
pub mod nearest;
pub mod night;
pub mod notice;
pub mod outcome;
pub mod own;
pub mod privacy;
pub mod project;
pub mod reach;
pub mod reason;
pub mod recovery;
pub mod redact;
pub mod reference;
pub mod rehearsal;
pub mod report;
pub mod route;
pub mod rules;
pub mod schedule;
pub mod seal;
pub mod secret;
pub mod send;
pub mod snooze;
pub mod spaces;
pub mod split;
pub mod task;
pub mod telling;
pub mod template;
pub mod time;
pub mod trouble;
pub mod upload;
pub mod webhook;
pub mod whisper;
pub mod words;
