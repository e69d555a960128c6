//! Records as code; the parsers are in the tests beside the writers.

use serde_json::json;

use crate::api_double::ApiDouble;
use crate::fixtures::{checked, record};
use crate::{assert_status, err, json_out, out, run};

#[test]
fn records_for_a_program_are_an_array_of_exactly_four_fields() {
    let api = ApiDouble::always(200, &json!({"records": [checked(Some("ok"), &json!([]))]}));
    let output = run(&api, &["records", "www.example.com", "--format", "json"]);
    assert_status(&output, 0);
    assert_eq!(json_out(&output), json!([record()]));
    let table = run(&api, &["records", "www.example.com"]);
    assert!(out(&table).contains("l.acme.example") && !out(&table).contains('\u{1b}'));
}

#[test]
fn records_are_written_as_a_zone_file_terraform_or_cloudformation() {
    let mut hostile = checked(None, &json!([]));
    hostile["purpose"] = json!("Proves.\n@ IN A 192.0.2.66 \u{1b}[2J");
    let api = ApiDouble::always(200, &json!({"records": [hostile]}));
    let code = |format: &str| {
        let output = run(&api, &["records", "www.example.com", "--format", format]);
        assert_status(&output, 0);
        out(&output).to_owned()
    };
    let zone = code("bind");
    assert_eq!(
        zone,
        "; Proves. @ IN A 192.0.2.66 \u{fffd}[2J\n_acme-challenge.www.example.com. 300 IN CNAME l.acme.example.\n"
    );
    let terraform = code("terraform");
    assert!(
        terraform.contains("\n# Proves. @ IN A 192.0.2.66 \u{fffd}[2J\nresource \"aws_route53_record\" "),
        "{terraform}"
    );
    let template: serde_json::Value = serde_json::from_str(&code("cloudformation")).expect("JSON");
    assert_eq!(
        template["Resources"]["AcmeChallengeWwwExampleCom"]["Properties"]["ResourceRecords"],
        json!(["l.acme.example"])
    );
}

#[test]
fn a_change_batch_needs_one_zone_and_says_which_option_is_missing() {
    let mut other = record();
    other["name"] = json!("_acme-challenge.www.example.org");
    let mut apex = record();
    (apex["name"], apex["type"], apex["value"]) = (json!("example.com"), json!("ALIAS"), json!("lb.example.net"));
    let api = ApiDouble::always(200, &json!({"records": [record(), other, apex]}));
    let batch =
        |arguments: &[&str]| run(&api, &[&["records", "www.example.com", "--format", "route53"], arguments].concat());
    let several = batch(&[]);
    assert_status(&several, 2);
    assert!(err(&several).contains("--zone example.com"), "{}", err(&several));
    let target = batch(&["--zone", "example.com"]);
    assert_status(&target, 2);
    assert!(err(&target).contains("--target-zone-id"), "{}", err(&target));
    let good = batch(&["--zone", "example.com", "--target-zone-id", "Z1"]);
    assert_status(&good, 0);
    let changes = json_out(&good)["Changes"].as_array().expect("changes").len();
    assert_eq!(changes, 2);
}
