//! The commands that look things up.

use clap::{Args, ValueEnum};

use super::{EndpointName, Named, Output, Proof, Reachability};

/// List the endpoints, what needs attention first
///
/// All that the caller may see and that the filters leave. WHOSE MOVE says who
/// has to take the next step, `-` where everything goes on by itself; UNTIL is
/// when the certificate ends.
/// `+1` behind a domain counts its further names. Narrow terminals show fewer
/// columns, and the next steps below the table.
///
/// With --format json: an array of the API's endpoints.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https list
  managed-https list --verdict action_required --actor customer
  managed-https list --search example.com --sort domain
  managed-https list --format json | jq -r '.[] | select(.breaks_at) | .domain'")]
pub(crate) struct List {
    /// Only those with this verdict
    #[arg(long, value_enum)]
    pub(crate) verdict: Option<VerdictFilter>,

    /// Only those where this one must act
    #[arg(long, value_enum)]
    pub(crate) actor: Option<ActorFilter>,

    /// Only those that are reached so
    #[arg(long, value_enum)]
    pub(crate) reachability: Option<ReachabilityFilter>,

    /// Only those of this tenant; for operators
    #[arg(long)]
    pub(crate) tenant: Option<String>,

    /// Only those with this text in a name
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,

    /// What comes first
    #[arg(long, value_enum, default_value_t)]
    pub(crate) sort: Order,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// What needs attention most
    #[default]
    Attention,
    /// By name
    Domain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum VerdictFilter {
    ActionRequired,
    Degraded,
    Retrying,
    WaitingForDns,
    Issuing,
    Paused,
    Ready,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActorFilter {
    Customer,
    Operator,
    Ca,
    Nobody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReachabilityFilter {
    External,
    Internal,
}

/// The word of a choice, as it is typed and as the API writes it.
pub(crate) fn word(choice: &impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// List the DNS records that the domain's owner has to create
///
/// The type ALIAS stands where a CNAME cannot, at a registrable domain itself
/// (example.com): it is your DNS provider's ALIAS, ANAME or flattened CNAME,
/// or an alias record of Route 53. In a zone file it is a comment, since DNS
/// has no such type; in Terraform and CloudFormation it is an alias record
/// whose target's hosted zone id is a variable to fill in.
///
/// With --format json: an array of {name, type, value, purpose}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https records www.example.com
  managed-https records www.example.com --format bind >> example.com.zone
  managed-https records www.example.com --format terraform > www.tf
  managed-https records www.example.com --format cloudformation > www.json")]
pub(crate) struct Records {
    #[command(flatten)]
    pub(crate) named: Named,

    /// How the records are printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: RecordFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordFormat {
    /// For people
    #[default]
    Table,
    /// For programs: {name, type, value, purpose}
    Json,
    /// Lines of a zone file (RFC 1035 §5)
    Bind,
    /// Terraform (HCL): aws_route53_record
    Terraform,
    /// A template (JSON): AWS::Route53::RecordSet
    Cloudformation,
}

/// Look at a domain's DNS and host now: what is wrong, why, who acts
///
/// Asks the authoritative name servers, follows CNAMEs, and connects to the
/// host; it spends none of the CA's quota. When all is well it prints one
/// line. Else it prints the status; what to fix, with the record or command to
/// copy and who has to do it; and what each record currently resolves to on
/// each server, beside what is expected.
///
/// A domain that is not registered, or any with --external or --internal, is
/// looked at as if it were to be registered.
///
/// The status is 0 only when all is well. With --format json: the API's
/// endpoint, or for what is not registered its report.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https check www.example.com
  managed-https check new.example.com --external --also '*.new.example.com'
  managed-https check www.example.com --format json | jq '.dns.findings'
  managed-https check www.example.com && ./switch-over")]
pub(crate) struct Check {
    /// The endpoint, or a domain that need not be registered
    pub(crate) endpoint: EndpointName,

    /// A further name to look at; may be repeated
    #[arg(long, value_name = "NAME", requires = "Reachability")]
    pub(crate) also: Vec<String>,

    #[command(flatten)]
    pub(crate) reachability: Reachability,

    #[command(flatten)]
    pub(crate) proof: Proof,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// List what happened to an endpoint, and who did it
///
/// Attempts and their ends, and what people did: who, when, from where. Like
/// a log, the newest comes last. With --follow new events are printed as they
/// come, until the command is interrupted (Ctrl-C, status 130) or nobody reads
/// on.
///
/// With --format json: an array of the API's events, the newest first; with
/// --follow one object a line, the newest last.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https events www.example.com
  managed-https events www.example.com --follow
  managed-https events www.example.com --format json | jq '.[].by.who'")]
pub(crate) struct Events {
    #[command(flatten)]
    pub(crate) named: Named,

    /// Go on with new events as they come
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Only those later than the one with this id
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    #[test]
    fn what_is_filtered_by_is_a_word_of_the_api() {
        fn all_are<W: DeserializeOwned>(choices: &[impl ValueEnum]) {
            for choice in choices {
                let word = word(choice);
                assert!(W::deserialize(Value::from(word.as_str())).is_ok(), "{word}");
            }
        }
        all_are::<wire::Verdict>(VerdictFilter::value_variants());
        all_are::<wire::WaitingOn>(ActorFilter::value_variants());
        all_are::<wire::Reachability>(ReachabilityFilter::value_variants());
    }
}
