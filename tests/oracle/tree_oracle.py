"""The disease tree a second time, from docs/FORMATS.md, by PyYAML: which leaf a diagnosis is."""
import yaml

LEAVES = ["T1", "T2", "T3", "T4", "T5"]


def normal(term):
    return " ".join(term.lower().split())


class Tree:
    """Terms to leaves. Only for trees of two levels with the leaves T1..T5."""
    def __init__(self, path):
        tree = yaml.safe_load(path.read_text())
        leaves = [n for n in tree["nodes"] if n["level"] == tree["levels"][-1]]
        assert [n["name"] for n in leaves] == LEAVES and len(tree["levels"]) == 2
        self.malignant = [int(n["parent"] == "malignant") for n in leaves]
        self.unmapped = {normal(t["term"]) for t in tree["unmapped"]}
        self.terms = {}
        for i, n in enumerate(leaves):
            for t in n["terms"]:
                for word in [t["term"], *t.get("synonyms", [])]:
                    self.terms.setdefault(normal(word), []).append(i)

    def leaf(self, text, malignant):
        """The leaf, or None where only the class is known."""
        found = []
        for term in filter(None, map(normal, text.split("&"))):
            if term in self.unmapped:
                continue
            fits = [i for i in self.terms[term] if len(self.terms[term]) == 1 or self.malignant[i] == malignant]
            found += fits[:1]
        if not found:
            return None
        assert self.malignant[max(found)] == malignant, text
        return max(found)
