//! What a test or a person can look at, and the faults they can inject.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::Simulator;
use super::channels::Channel;
use super::faults::{Fault, Handshake, Times};
use super::messages::Message;
use super::people::Person;
use super::post::{AckTime, Which};
use super::socket::{Order, Reason};
use super::views::View;
use super::workspace::{CallRecord, Ephemeral, Mistake};

impl Simulator {
    /// Every message of a channel, oldest first: thread replies and deleted ones too.
    pub fn history(&self, channel: &str) -> Result<Vec<Message>, Mistake> {
        let mut workspace = self.shared.lock();
        let at = workspace.channel(channel)?;
        Ok(workspace.channels[at].messages.values().cloned().collect())
    }

    /// A thread, parent first, without deleted messages.
    pub fn thread(&self, channel: &str, ts: &str) -> Result<Vec<Message>, Mistake> {
        let mut workspace = self.shared.lock();
        let at = workspace.channel(channel)?;
        Ok(workspace.channels[at].thread(ts).into_iter().cloned().collect())
    }

    /// What our bot wrote in a channel, oldest first, without deleted messages.
    pub fn posts(&self, channel: &str) -> Result<Vec<Message>, Mistake> {
        let me = self.setup().app.bot_id;
        let all = self.history(channel)?;
        Ok(all
            .into_iter()
            .filter(|message| message.bot_id.as_ref() == Some(&me) && !message.deleted)
            .collect())
    }

    /// The bytes of a file that an app uploaded and shared, by its id.
    pub fn shared_file(&self, id: &str) -> Option<Vec<u8>> {
        self.shared.lock().uploads.shared(id)
    }

    /// Ephemeral messages so far: answers to commands, `chat.postEphemeral`, response URLs.
    pub fn ephemerals(&self) -> Vec<Ephemeral> {
        self.shared.lock().ephemerals.clone()
    }

    /// All views ever opened, also closed ones, oldest first.
    pub fn views(&self) -> Vec<View> {
        self.shared.lock().views.clone()
    }

    /// The view on top of a person's screen.
    pub fn open_view(&self, person: &str) -> Result<Option<View>, Mistake> {
        let workspace = self.shared.lock();
        let user = &workspace.person(person)?.id;
        let modal = |view: &&View| view.is_open && view.user == *user && view.content["type"] == "modal";
        Ok(workspace.views.iter().rfind(modal).cloned())
    }

    /// A person, by handle or id.
    pub fn person(&self, who: &str) -> Result<Person, Mistake> {
        self.shared.lock().person(who).cloned()
    }

    /// All users, bots included.
    pub fn people(&self) -> Vec<Person> {
        self.shared.lock().people.clone()
    }

    /// A channel, by name or id.
    pub fn channel(&self, place: &str) -> Result<Channel, Mistake> {
        let mut workspace = self.shared.lock();
        let at = workspace.channel(place)?;
        Ok(workspace.channels[at].clone())
    }

    /// All conversations.
    pub fn channels(&self) -> Vec<Channel> {
        self.shared.lock().channels.clone()
    }

    /// Id of a channel, by name.
    pub fn channel_id(&self, place: &str) -> Result<String, Mistake> {
        self.channel(place).map(|channel| channel.id)
    }

    /// Id of a person, by handle.
    pub fn user_id(&self, who: &str) -> Result<String, Mistake> {
        self.person(who).map(|person| person.id)
    }

    /// Registered sockets, ghosts included.
    pub fn sockets(&self) -> usize {
        self.shared.lock().post.sockets()
    }

    /// How many calls of a method came in, refused ones too.
    pub fn calls(&self, method: &str) -> usize {
        self.shared.lock().calls.get(method).map_or(0, Vec::len)
    }

    /// When calls of a method came in, in Unix milliseconds.
    pub fn calls_at(&self, method: &str) -> Vec<i64> {
        self.call_records(method).iter().map(|record| record.at_ms).collect()
    }

    /// Calls of a method with arguments and endings.
    pub fn call_records(&self, method: &str) -> Vec<CallRecord> {
        self.shared.lock().calls.get(method).cloned().unwrap_or_default()
    }

    /// Names of all methods called so far, at any workspace of this address.
    pub fn called_methods(&self) -> Vec<String> {
        let places = self.shared.places();
        let called: BTreeSet<String> =
            places.iter().flat_map(|place| place.lock().calls.keys().cloned().collect::<Vec<_>>()).collect();
        called.into_iter().collect()
    }

    /// Methods that were called, at any workspace of this address, with a token outside the header.
    pub fn tokens_astray(&self) -> Vec<String> {
        self.act(|workspace| workspace.astray.clone())
    }

    /// Envelopes sent and not acked, or waiting for a socket.
    pub fn unacked(&self) -> usize {
        self.shared.lock().post.unacked()
    }

    /// Envelopes acked so far.
    pub fn acks(&self) -> u64 {
        self.shared.lock().post.acks()
    }

    /// Envelopes given up: never acked in all attempts, or raised while nobody was connected.
    pub fn lost(&self) -> u64 {
        self.shared.lock().post.lost()
    }

    /// The payloads of the events among them, oldest first.
    pub fn lost_payloads(&self) -> Vec<Value> {
        self.shared.lock().post.lost_payloads()
    }

    /// How quickly events were acked, in the order of the acks.
    pub fn ack_times(&self) -> Vec<AckTime> {
        self.shared.lock().post.ack_times().to_vec()
    }

    /// What the app did wrong on its sockets so far, one sentence each; a good client leaves none.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.lock().post.complaints.clone()
    }

    /// The simulator's time, in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.shared.lock().clock.now_ms()
    }

    /// Waits until `condition` holds; it is asked again after everything that happens.
    pub async fn until(&self, condition: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if condition(self) {
                return;
            }
            changed.await;
        }
    }

    /// Makes calls of a method (`*` for all) fail.
    pub fn fault(&self, method: &str, fault: Fault, times: Times) {
        self.act(|workspace| workspace.faults.add(method, None, fault, times));
    }

    /// Makes calls of a method about one channel fail.
    pub fn fault_in(&self, method: &str, channel: &str, fault: Fault, times: Times) -> Result<(), Mistake> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            let id = workspace.channels[at].id.clone();
            workspace.faults.add(method, Some(id), fault, times);
            Ok(())
        })
    }

    /// What happens to the coming handshakes, one entry each; then all is normal again.
    pub fn next_handshakes(&self, handshakes: impl IntoIterator<Item = Handshake>) {
        self.act(|workspace| handshakes.into_iter().for_each(|one| workspace.faults.add_handshake(one)));
    }

    /// Makes the events to come late, one entry each, so that they arrive out of order; then all is normal again.
    pub fn delay_events(&self, late_ms: impl IntoIterator<Item = i64>) {
        self.act(|workspace| workspace.post.delay_next(late_ms));
    }

    /// Forgets all injected faults: for methods, handshakes and events to come.
    pub fn clear_faults(&self) {
        self.act(|workspace| {
            workspace.faults.clear();
            workspace.post.delay_none();
        });
    }

    /// Sends a disconnect frame; the server closes when the reason's time has come. Returns to how
    /// many sockets.
    pub fn disconnect(&self, which: Which, reason: Reason) -> usize {
        self.order(which, &Order::Disconnect(reason))
    }

    /// Closes sockets with a close frame of this code.
    pub fn close_sockets(&self, which: Which, code: u16) -> usize {
        self.order(which, &Order::Close(code))
    }

    /// Drops the TCP connections without a close frame.
    pub fn cut_sockets(&self, which: Which) -> usize {
        self.order(which, &Order::Cut)
    }

    /// Stops reading and writing without closing: half-open sockets that swallow their share.
    pub fn stall_sockets(&self, which: Which) -> usize {
        self.order(which, &Order::Stall)
    }

    /// Swallows what should be sent, while pings are answered: sockets that look alive and are deaf.
    pub fn deafen_sockets(&self, which: Which) -> usize {
        self.order(which, &Order::Deafen)
    }

    /// Breaks the TCP connections with a reset.
    pub fn reset_sockets(&self, which: Which) -> usize {
        self.order(which, &Order::Reset)
    }

    /// Writes nothing any more, but reads on: as if what the server sends were dropped on its way.
    pub fn mute_sockets(&self, which: Which) -> usize {
        self.order(which, &Order::Mute)
    }

    /// Sends a disconnect frame and closes only after `grace`, although Slack said it would be sooner.
    pub fn leave_late(&self, which: Which, reason: Reason, grace: Duration) -> usize {
        self.order(which, &Order::LeaveLate(reason, grace))
    }

    /// Takes the network away for a while: sockets say nothing any more, calls are not answered, nobody can connect.
    pub fn cut_network(&self, span: Duration) {
        self.order(Which::All, &Order::Stall);
        self.shared.cut_network(span);
    }

    /// Sends a binary frame.
    pub fn send_binary(&self, which: Which, bytes: &[u8]) -> usize {
        self.order(which, &Order::Binary(bytes.to_vec()))
    }

    /// Changes what was fixed at start: limits, scopes, habits.
    pub fn change_setup(&self, change: impl FnOnce(&mut super::setup::Setup)) {
        self.act(|workspace| change(&mut workspace.setup));
    }

    /// A view as the Web API shows it.
    pub fn view_object(&self, view: &View) -> Value {
        self.shared.lock().show_view(view)
    }

    fn order(&self, which: Which, order: &Order) -> usize {
        self.act(|workspace| workspace.post.order(which, order))
    }
}
