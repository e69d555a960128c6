use std::collections::BTreeMap;

/// The first few of many, without keeping the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First<K, V> {
    most: usize,
    kept: BTreeMap<K, V>,
}

impl<K: Ord, V> First<K, V> {
    pub fn new(most: usize) -> Self {
        Self { most, kept: BTreeMap::new() }
    }

    pub fn offer(&mut self, key: K, value: V) {
        if self.kept.len() == self.most && self.kept.last_key_value().is_none_or(|(last, _)| key >= *last) {
            return;
        }
        self.kept.insert(key, value);
        if self.kept.len() > self.most {
            self.kept.pop_last();
        }
    }

    pub fn in_order(self) -> impl Iterator<Item = (K, V)> {
        self.kept.into_iter()
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.kept.keys()
    }

    pub fn remove(&mut self, key: &K) {
        self.kept.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_many_are_kept_in_order_whatever_order_they_come_in() {
        let mut first = First::new(3);
        [5, 1, 9, 3, 7, 2].into_iter().for_each(|n| first.offer(n, n * 10));
        assert_eq!(first.in_order().collect::<Vec<_>>(), [(1, 10), (2, 20), (3, 30)]);
        let mut none = First::new(0);
        none.offer(1, ());
        assert_eq!(none.in_order().count(), 0);
    }
}
