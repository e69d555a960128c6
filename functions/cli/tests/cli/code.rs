//! Records as code; the parsers are in the tests beside the writers.

use serde_json::json;

use crate::api_double::ApiDouble;
use crate::fixtures::{checked, record};
use crate::{assert_status, json_out, out, run};

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
