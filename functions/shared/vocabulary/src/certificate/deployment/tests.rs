use super::*;

fn listener(region: &str, account: &str, id: u32) -> ListenerArn {
    format!("arn:aws:elasticloadbalancing:{region}:{account}:listener/app/edge/50dc6c495c0c9188/{id:016x}")
        .parse()
        .expect("a listener")
}

fn region(text: &str) -> Region {
    text.parse().expect("a region")
}

const OWN: &str = "111122223333";

const OTHER: &str = "444455556666";

fn own() -> AccountId {
    OWN.parse().expect("an account")
}

#[test]
fn a_certificate_is_imported_once_at_home_and_in_each_region_of_a_deployment() {
    let listeners = vec![listener("eu-west-1", OWN, 1), listener("eu-central-1", OWN, 2)];
    let regions = vec![region("us-east-1"), region("eu-west-1"), region("eu-central-1"), region("us-east-1")];
    let deployment = Deployment::new(listeners, regions, None, Some(&own())).expect("fits");
    assert_eq!(deployment.regions.len(), 3, "what is named twice counts once");
    let further: Vec<_> = deployment.further_regions("eu-central-1").into_iter().map(Region::as_str).collect();
    assert_eq!(further, ["eu-west-1", "us-east-1"]);
    assert!(Deployment::default().further_regions("eu-central-1").is_empty());
}

#[test]
fn a_listener_is_in_the_account_that_the_certificate_goes_to() {
    let role: RoleArn = format!("arn:aws:iam::{OTHER}:role/managed-https").parse().expect("a role");
    let with = |account: &str, role: Option<RoleArn>, own: Option<&AccountId>| {
        Deployment::new(vec![listener("eu-central-1", OWN, 1), listener("eu-central-1", account, 2)], vec![], role, own)
    };
    assert!(with(OWN, None, Some(&own())).is_ok());
    let elsewhere = with(OTHER, None, Some(&own())).expect_err("another account");
    assert_eq!(elsewhere.field(), "listeners[1]");
    assert!(elsewhere.to_string().ends_with("name a role there"), "{elsewhere}");
    let at_home = with(OTHER, Some(role.clone()), Some(&own())).expect_err("the first is at home");
    assert_eq!(at_home.field(), "listeners[0]");
    let there = vec![listener("eu-central-1", OTHER, 1)];
    assert!(Deployment::new(there, vec![], Some(role), Some(&own())).is_ok());
    assert!(with(OTHER, None, None).is_ok(), "of an account that is not known nothing is said");
}

#[test]
fn the_maximum_is_allowed_and_one_more_is_not() {
    let listeners = |count: u32| (0..count).map(|id| listener("eu-central-1", OWN, id)).collect::<Vec<_>>();
    let most = u32::try_from(MOST_LISTENERS).expect("small");
    assert!(Deployment::new(listeners(most), vec![], None, None).is_ok());
    assert_eq!(Deployment::new(listeners(most + 1), vec![], None, None), Err(DeploymentError::TooManyListeners));
    let regions = |count: usize| (0..count).map(|n| region(&format!("eu-west-{n}"))).collect::<Vec<_>>();
    assert!(Deployment::new(vec![], regions(MOST_REGIONS), None, None).is_ok());
    let more = Deployment::new(vec![], regions(MOST_REGIONS + 1), None, None);
    assert_eq!(more.map_err(|error| error.field()), Err("regions".to_owned()));
}
