//! Links into the AWS console.

use url::form_urlencoded::byte_serialize;

/// The state machine's executions, as the console shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    domain: &'static str,
    region: String,
    /// `arn:aws:states:eu-central-1:123456789012:execution:issue-certificate`
    executions: String,
}

impl Console {
    /// `None` if `state_machine` is not the ARN of one.
    pub fn of(state_machine: &str) -> Option<Self> {
        let parts: Vec<&str> = state_machine.split(':').collect();
        let ["arn", partition, "states", region, account, "stateMachine", name] = parts[..] else { return None };
        let domain = match partition {
            "aws" => "console.aws.amazon.com",
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            "aws-eusc" => "console.amazonaws-eusc.eu",
            _ => return None,
        };
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let executions = format!("arn:{partition}:states:{region}:{account}:execution:{name}");
        (plain(region) && plain(account) && plain(name)).then(|| Self { domain, region: region.to_owned(), executions })
    }

    pub(crate) fn execution(&self, name: &str) -> String {
        let Self { domain, region, executions } = self;
        let name: String = byte_serialize(name.as_bytes()).collect();
        format!("https://{region}.{domain}/states/home?region={region}#/v2/executions/details/{executions}:{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_found_in_the_console_of_its_region_and_partition() {
        let console = Console::of("arn:aws:states:eu-central-1:123456789012:stateMachine:issue").expect("an ARN");
        assert_eq!(
            console.execution("ep-x-1"),
            "https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1\
             #/v2/executions/details/arn:aws:states:eu-central-1:123456789012:execution:issue:ep-x-1"
        );
        let china = Console::of("arn:aws-cn:states:cn-north-1:1:stateMachine:x").expect("an ARN");
        assert!(china.execution("e").starts_with("https://cn-north-1.console.amazonaws.cn/"));
        let sovereign = Console::of("arn:aws-eusc:states:eusc-de-east-1:1:stateMachine:x").expect("an ARN");
        assert!(sovereign.execution("e").starts_with("https://eusc-de-east-1.console.amazonaws-eusc.eu/"));
    }

    #[test]
    fn what_is_not_the_arn_of_a_state_machine_makes_no_link() {
        for bad in [
            "",
            "arn:aws:states:r:1:execution:x",
            "arn:aws:states:r\"><:1:stateMachine:x",
            "arn:aws:states::1:stateMachine:x",
        ] {
            assert_eq!(Console::of(bad), None, "{bad}");
        }
    }
}
