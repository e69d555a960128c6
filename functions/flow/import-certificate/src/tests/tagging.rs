use super::*;
use domain::ports::Destinations;
use vocabulary::certificate::Target;

fn tags(pairs: &[(&str, &str)]) -> CertificateTags {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    CertificateTags::parse(pairs.collect()).expect("tags")
}

/// At home and in another region.
fn tagged(pairs: &[(&str, &str)]) -> Deployment {
    let regions = vec!["us-east-1".parse().expect("a region")];
    Deployment { tags: tags(pairs), regions, ..Deployment::default() }
}

async fn in_acm(fixture: &Fixture) -> [CertificateTags; 2] {
    let held = fixture.endpoint().await.certificate.expect("recorded");
    let away = Target { region: held.copies[0].region.clone(), role: None };
    let away = fixture.destinations.certificates(&away).await.expect("in memory");
    [fixture.certificates.tags(&held.arn), away.tags(&held.copies[0].arn)]
}

#[tokio::test]
async fn a_certificate_has_the_endpoints_tags_in_each_region_and_follows_a_change_without_an_order() {
    let fixture = issued_for(tagged(&[("team", "shops"), ("stage", "live")])).await;
    run(&fixture).await.expect("imported");
    let first = tags(&[("team", "shops"), ("stage", "live")]);
    assert_eq!(in_acm(&fixture).await, [first.clone(), first]);
    let imports = fixture.certificates.all();
    for after in [tagged(&[("team", "bank"), ("cost", "1")]), tagged(&[])] {
        fixture.endpoints.redeploy(&fixture.input.endpoint, after.clone());
        run(&fixture).await.expect("changed");
        assert_eq!(in_acm(&fixture).await, [after.tags.clone(), after.tags.clone()]);
        assert_eq!(fixture.endpoint().await.certificate.expect("recorded").tags, after.tags);
    }
    assert_eq!(fixture.certificates.all(), imports, "nothing was imported for it");
}

#[tokio::test]
async fn a_change_that_died_leaves_no_tag_of_its_own_behind() {
    for effects in 1.. {
        let fixture = issued_for(tagged(&[("a", "1")])).await;
        run(&fixture).await.expect("imported");
        fixture.endpoints.redeploy(&fixture.input.endpoint, tagged(&[("b", "1")]));
        fixture.fuse.set(Some(effects));
        let died = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(run(&fixture))).await.is_err();
        fixture.fuse.set(None);
        fixture.endpoints.redeploy(&fixture.input.endpoint, tagged(&[("c", "1")]));
        run(&fixture).await.expect("the next one ends it");
        assert_eq!(in_acm(&fixture).await, [tags(&[("c", "1")]), tags(&[("c", "1")])], "after {effects}");
        if !died {
            return;
        }
    }
}
