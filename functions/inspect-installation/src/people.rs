//! Whether somebody is told, and can sign in.

use domain::installation::{Alarm, AlarmState, InstallationCheck, Observed, RefusedNotifications, Subscriptions};
use vocabulary::text::counted;

use crate::{Installation, failed, ok, unseen, warning};

pub(crate) fn alarms(seen: &Observed<Vec<Alarm>>, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "alarms";
    let alarms = match seen {
        Ok(alarms) => alarms,
        Err(fault) => return unseen(NAME, fault),
    };
    let ringing: Vec<_> = alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm).collect();
    let names = |alarms: &[&Alarm]| alarms.iter().map(|alarm| alarm.name.clone()).collect::<Vec<_>>().join(", ");
    if let Some(first) = ringing.first() {
        return failed(
            NAME,
            format!("In ALARM: {}. {}: {}", names(&ringing), first.name, first.reason),
            format!(
                "docs/runbooks has a page for each alarm. Its history: aws cloudwatch describe-alarm-history --alarm-name {}",
                first.name
            ),
        );
    }
    if alarms.is_empty() {
        return failed(
            NAME,
            format!("No alarm has a name that begins with {}-: no failure would be reported.", installation.stack),
            "Deploy the stack again: make deploy",
        );
    }
    let mute: Vec<_> = alarms.iter().filter(|alarm| !alarm.actions_enabled).collect();
    if !mute.is_empty() {
        let arguments = names(&mute).replace(", ", " ");
        return warning(
            NAME,
            format!("Alarms with disabled actions, which notify nobody: {}.", names(&mute)),
            format!("aws cloudwatch enable-alarm-actions --alarm-names {arguments}"),
        );
    }
    let silent = alarms.iter().filter(|alarm| alarm.state == AlarmState::InsufficientData).count();
    ok(NAME, format!("None of {} is in ALARM ({silent} without data yet).", alarms.len()))
}

pub(crate) fn subscriptions(seen: &Observed<Subscriptions>, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "alert-subscriptions";
    let topic = &installation.alerts_topic;
    let Subscriptions { all, pending } = match seen {
        Ok(subscriptions) => subscriptions,
        Err(fault) => return unseen(NAME, fault),
    };
    let subscribe = |protocol: &str, endpoint: &str| {
        format!("aws sns subscribe --topic-arn {topic} --protocol {protocol} --notification-endpoint {endpoint}")
    };
    let listed: Vec<_> = all.iter().filter(|one| one.pending).collect();
    let pending = usize::try_from(*pending).unwrap_or(usize::MAX).max(listed.len()).min(all.len());
    if pending > 0 {
        let whom: Vec<_> = listed.iter().map(|one| one.endpoint.as_str()).collect();
        let whom = if whom.is_empty() { "see the topic for which".to_owned() } else { whom.join(", ") };
        let detail = format!("{pending} of {} not confirmed, so no message reaches them: {whom}.", all.len());
        let again = match listed.first() {
            Some(first) => subscribe(&first.protocol, &first.endpoint),
            None => subscribe("email", "YOU@EXAMPLE.COM"),
        };
        let remedy = format!("Open the link in the message from AWS Notifications. To send it again: {again}");
        return if pending == all.len() { failed(NAME, detail, remedy) } else { warning(NAME, detail, remedy) };
    }
    if all.is_empty() {
        let remedy = format!("{}, or deploy with AlertEmail", subscribe("email", "YOU@EXAMPLE.COM"));
        return warning(NAME, "The topic of notifications has no subscription.", remedy);
    }
    ok(NAME, format!("{} subscribed and confirmed.", all.len()))
}

pub(crate) fn refused(seen: &Observed<Vec<RefusedNotifications>>) -> InstallationCheck {
    const NAME: &str = "refused-notifications";
    let refused = match seen {
        Ok(refused) => refused,
        Err(fault) => return unseen(NAME, fault),
    };
    let Some(first) = refused.first() else { return ok(NAME, "No channel refuses notifications.") };
    let waiting =
        |one: &RefusedNotifications| format!("{} for {}", counted(one.count as u64, "notification"), one.channel);
    let waiting: Vec<_> = refused.iter().map(waiting).collect();
    failed(
        NAME,
        format!("{} refuses notifications: {}. Waiting: {}.", first.channel, first.why, waiting.join(", ")),
        "Other channels have them. These are sent when the channel takes them again, within a week. Give settle-attempt and \
         check-health their access to it again: make deploy",
    )
}

pub(crate) fn sign_in(seen: Option<&Result<(), String>>, installation: &Installation) -> InstallationCheck {
    const NAME: &str = "sign-in";
    match (seen, &installation.issuer) {
        (Some(Ok(())), Some(issuer)) => ok(NAME, format!("{issuer} answers.")),
        (Some(Err(why)), Some(issuer)) => failed(
            NAME,
            format!("Nobody can sign in: {why}."),
            format!(
                "Try it from elsewhere: curl -sS {}/.well-known/openid-configuration",
                issuer.trim_end_matches('/')
            ),
        ),
        _ => ok(NAME, "No token issuer: IAM only, and no dashboard."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::installation::Subscription;

    use crate::testing::{facts, installation, is_failed, is_ok, is_warning};

    #[test]
    fn an_alarm_that_rings_is_reported_before_one_without_actions() {
        let mut alarms_seen = facts().alarms.expect("seen");
        let judged = |seen: &[Alarm]| alarms(&Ok(seen.to_vec()), &installation());
        assert!(is_ok(&judged(&alarms_seen)), "no data is no failure");
        alarms_seen[0].actions_enabled = false;
        assert!(is_warning(&judged(&alarms_seen)));
        alarms_seen[1].state = AlarmState::Alarm;
        let check = judged(&alarms_seen);
        assert!(is_failed(&check) && check.detail.starts_with(&format!("In ALARM: {}.", alarms_seen[1].name)));
        assert!(is_failed(&judged(&[])));
    }

    #[test]
    fn at_least_one_subscription_must_be_confirmed() {
        let one = |pending| Subscription { protocol: "email".into(), endpoint: "a@example.com".into(), pending };
        let judged = |all, pending| subscriptions(&Ok(Subscriptions { all, pending }), &installation());
        assert!(is_ok(&judged(vec![one(false)], 0)));
        assert!(is_warning(&judged(vec![one(false), one(true)], 1)));
        assert!(is_warning(&judged(vec![one(false), one(false)], 1)), "counted, though not marked in the list");
        let check = judged(vec![one(true)], 1);
        assert!(is_failed(&check) && check.detail.contains("a@example.com"));
        assert!(is_warning(&judged(Vec::new(), 0)));
    }

    #[test]
    fn a_channel_that_refuses_is_named_with_what_waits_for_it() {
        assert!(is_ok(&refused(&Ok(Vec::new()))));
        let one = |channel, count| RefusedNotifications { channel, count, why: "sns:Publish: AccessDenied".into() };
        let check = refused(&Ok(vec![one("ChatTopic", 1), one("AlertsBus", 3)]));
        assert!(is_failed(&check));
        let detail = "ChatTopic refuses notifications: sns:Publish: AccessDenied. Waiting: 1 notification for ChatTopic, \
                      3 notifications for AlertsBus.";
        assert_eq!(check.detail, detail);
    }

    #[test]
    fn an_issuer_that_is_configured_must_answer() {
        let with = Installation { issuer: Some("https://login.example.com/".into()), ..installation() };
        assert!(is_ok(&sign_in(None, &installation())));
        assert!(is_ok(&sign_in(Some(&Ok(())), &with)));
        let check = sign_in(Some(&Err("no answer".into())), &with);
        assert!(is_failed(&check));
        assert!(
            check.remedy.expect("a remedy").ends_with("https://login.example.com/.well-known/openid-configuration")
        );
    }
}
