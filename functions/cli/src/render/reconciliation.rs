//! The differences between ACM and the table.

use comfy_table::Cell;
use wire::{Difference, DifferenceKind};

use super::{table, text_of};
use crate::terminal::output::Style;

pub(crate) fn reconciliation(style: Style, checked: u32, differences: &[Difference]) -> String {
    if differences.is_empty() {
        return format!("ACM and the table agree. Certificates compared: {checked}.\n");
    }
    let mut table = table(style, &["DOMAIN", "CERTIFICATE", "FOUND", "NEXT STEP"]);
    for difference in differences {
        let next = match (&difference.action, difference.adopted) {
            (Some(action), _) => action.as_str(),
            (None, true) => "Recorded. No action needed.",
            (None, false) => "No action needed.",
        };
        let cells = [difference.domain.as_str(), id_of(&difference.arn), found(difference), next];
        table.add_row(cells.map(Cell::new));
    }
    text_of(&table)
}

/// The last part of an ARN, which is enough within an account and region.
fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn found(difference: &Difference) -> &str {
    match difference.kind.known() {
        Some(DifferenceKind::Unrecorded) => "in ACM only",
        Some(DifferenceKind::Left) => "not needed",
        Some(DifferenceKind::NoEndpoint) => "endpoint missing",
        Some(DifferenceKind::Gone) => "missing in ACM",
        None => &difference.detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(kind: DifferenceKind, adopted: bool, action: Option<&str>) -> Difference {
        Difference {
            kind: kind.into(),
            arn: "arn:aws:acm:eu-central-1:111122223333:certificate/6f2d0c1e".into(),
            domain: "shop.example.com".into(),
            endpoint: None,
            adopted,
            detail: "It is so.".into(),
            action: action.map(str::to_owned),
        }
    }

    #[test]
    fn each_difference_is_a_line_with_its_next_step() {
        let style = Style { colour: false, width: None };
        let all = [
            difference(DifferenceKind::Unrecorded, true, None),
            difference(DifferenceKind::Gone, false, Some("managed-https renew shop.example.com")),
        ];
        let page = reconciliation(style, 2, &all);
        assert!(page.contains("6f2d0c1e") && page.contains("in ACM only") && page.contains("Recorded."), "{page}");
        assert!(page.contains("missing in ACM") && page.contains("managed-https renew shop.example.com"), "{page}");
        assert_eq!(reconciliation(style, 7, &[]), "ACM and the table agree. Certificates compared: 7.\n");
    }
}
