//! All of Slack: everything that knows the shape of its JSON, its error names and its WebSocket habits.
//!
//! In reading order: `wire` is the head of a frame; `decode` turns a stored payload into `domain::message::Arrival`
//! (with `event`, `message`, `channel`, `people` and `groups` beside it, and `loose` for JSON that keeps no promises, `mend` for a second reading); `socket`
//! keeps the Socket Mode connections; `api` calls the Web API (`http` makes one call, `rooms`, `directory`, `sent` and `history` are
//! the longer ones, `upload` brings files), `outcome` says what came of a call, `tiers` how often a method may be called;
//! `apis` is who speaks in which workspace, `origin` whose a payload is, `oauth` how the app is installed;
//! `methods` is the list of what is called and heard, `manifest` the app's definition in Slack's settings; `incoming` posts to webhooks what `plain` leaves of a message.
//!
//! Deliberately absent: storing, retrying and deciding. Nothing in here knows the database or the outbox.

pub mod api;
pub mod apis;
pub mod blocks;
pub mod decode;
pub mod delivery;
pub mod forms;
pub mod history;
pub mod incoming;
pub mod manifest;
pub mod methods;
pub mod oauth;
pub mod origin;
pub mod outcome;
pub mod passed;
pub mod plain;
pub mod signature;
pub mod socket;
pub mod teams;
pub mod tiers;
pub mod upload;
pub mod wire;

mod calls;
mod canary;
mod channel;
mod directory;
mod event;
mod groups;
mod http;
pub mod keys;
mod loose;
mod mend;
mod message;
mod people;
pub mod response_url;
pub mod rooms;
pub mod sent;
pub mod veil;
