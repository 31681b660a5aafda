"""Names, hypernyms and glosses of the ImageNet classes, from WordNet 3.0 (the class ids are offsets into it)."""

from paths import LEMMAS, SYNSETS, WORDNET

# Hypernyms from here upwards say nothing that anybody would type.
TOO_GENERAL = {
    "entity", "physical entity", "object", "whole", "artifact", "abstraction", "unit", "matter", "substance", "thing", "living thing",
    "organism", "instrumentality", "causal agent", "psychological feature", "attribute", "relation", "chordate", "vertebrate", "placental",
    "carnivore", "part", "process", "event", "act", "group", "measure", "communication", "covering", "commodity", "solid", "domestic animal",
    "conveyance", "way", "location", "region", "area", "geological formation", "natural object", "creation", "medium", "system", "unit of measurement",
}


def synset(offset):
    """(words, hypernym offsets, gloss) of a noun synset."""
    with open(WORDNET, "rb") as file:
        file.seek(offset)
        line = file.readline().decode()
    data, gloss = line.split(" | ", 1)
    fields = data.split()
    count = int(fields[3], 16)
    words = [fields[4 + 2 * i].replace("_", " ") for i in range(count)]
    at = 4 + 2 * count
    pointers = [fields[at + 1 + 4 * i: at + 5 + 4 * i] for i in range(int(fields[at]))]
    up = [int(p[1]) for p in pointers if p[0] in ("@", "@i") and p[2] == "n"]
    return words, up, gloss.split('; "')[0].strip()


def hypernyms(offset):
    """First words of the synsets above, nearest first, without those that are too general."""
    found, seen, level = [], set(), synset(offset)[1]
    while level:
        above = []
        for up in level:
            if up in seen:
                continue
            seen.add(up)
            words, further, _ = synset(up)
            if words[0] not in TOO_GENERAL:
                found.append(words[0])
            above.extend(further)
        level = above
    return found


def imagenet_classes():
    """For each of the 1000 classes in the network's order: dict of names, hypernyms, gloss."""
    lemmas = dict(line.split("\t") for line in LEMMAS.read_text().splitlines())
    classes = []
    for wnid in SYNSETS.read_text().split():
        offset = int(wnid[1:])
        names = [n.strip() for n in lemmas[wnid].split(",")]
        classes.append({"names": names, "hypernyms": hypernyms(offset), "gloss": synset(offset)[2]})
    return classes
