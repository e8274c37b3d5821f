"""The words that a reader may not know: each is defined once on the page, and leads there wherever else it stands.

A word is marked where it first stands in each section, so that the definition is never further than a pointer or a key
away, and the page is no thicket of links.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from depthsounder.elements.axes import AXES, Design
from depthsounder.figures.style import label
from depthsounder.process.text import count, number, percent, setting
from depthsounder.sweep.runs import Run

_TAG = re.compile(r"(<!--.*?-->|<script\b.*?</script>|<style\b.*?</style>|<[^>]*>)", re.DOTALL)
_NAME = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
_DEFINITION = re.compile(r' id="((?:word|init|activation|architecture)-[^"]+)"')
_CLOSED = {"a", "bdi", "button", "code", "dfn", "h1", "h2", "h3", "head", "label", "nav", "option", "pre"}
_CLOSED |= {"summary", "svg", "template", "title"}
"""Elements in which nothing is marked: what is a link or a title already, what the user's data name, or no text."""


@dataclass(frozen=True)
class Word:
    """A word, the forms in which it is recognized (a regular expression), and what it means.

    `kind` tells where it is defined: in the glossary, or in a table of names.
    """

    name: str
    forms: str
    meaning: str
    kind: str = "word"

    @property
    def anchor(self) -> str:
        """The id of its definition."""
        return f"{self.kind}-{self.name.replace(' ', '-')}"


def glossary(run: Run) -> list[Word]:
    """Return the words, with the bounds of the run."""
    verdicts, training = run.config.verdicts, run.config.training
    entropy, steps = number(run.data.class_entropy, 3), training.steps
    return [
        Word("unit", "units?", "adds up its inputs, each times a weight; its activation makes the sum its output."),
        Word("activation", "activations?", "the curve φ by which a unit turns its sum into its output."),
        Word("width", "width", f"the units of a hidden layer, {run.config.width:,} here."),
        Word(
            "initialization",
            "initializations?|inits?",
            "the rule for the first weights.",
        ),
        Word(
            "step", "(?<!complex )steps?", f"one change of all weights, after {count(training.batch_size, 'example')}."
        ),
        Word(
            "trains",
            "trains|Trained(?= within)",
            f"in {percent(verdicts.trains_share)} of the networks or more the tail loss comes to at most "
            f"{setting(verdicts.trains_loss)} of what guessing costs.",
        ),
        Word("stalled", "stalled", f"most networks still guess after {count(steps, 'step')}; more might free them."),
        Word(
            "diverged",
            "diverged",
            "the loss blew up at every learning rate tried, or for most networks at the best.",
        ),
        Word(
            "partial",
            "partial",
            "nearly all learn, too few have finished: slow if half of what guessing costs is gone, else barely.",
        ),
        Word("mixed", "mixed", "some networks learn and others do not."),
        Word("nat", "nats?", "the unit of the loss, when logarithms are natural."),
        Word("H", "H", f"what guessing by the classes' frequencies costs: {entropy} nat here."),
        Word(
            "tail loss",
            "tail loss(?:es)?",
            f"the mean loss of the last {count(verdicts.tail_steps, 'batch', 'batches')}.",
        ),
        Word(
            "D",
            "D",
            "how much of the error arrives: its size at layer 1 over that at the last hidden layer, before training. "
            f"Below {setting(verdicts.vanishing_ratio)} it vanishes, above {setting(verdicts.exploding_ratio)} it "
            "explodes.",
        ),
        Word("q", "q", "the mean square of a layer's sums: the size of the signal on its way down."),
        Word("borderline", "borderline", "with other random draws, D might lie on the other side of a bound."),
        Word("law", "laws?", "two initializations are one law where they draw equal weights: one result, two names."),
        Word("blind", "blind", "of a gradient check: rounding hides what it should compare."),
    ]


def named_elements(run: Run) -> list[Word]:
    """Return the names of the run's records, whose tables say what they are."""
    # What goes without saying stands in no sentence as a name.
    named = [
        (axis, name) for axis in Design._fields for name in getattr(run, AXES[axis].key) if name != AXES[axis].unsaid
    ]
    # Of two names that begin alike the longer is the one that is meant.
    named.sort(key=lambda item: -len(item[1]))
    return [Word(name, _forms(name), "", kind) for kind, name in named]


def _forms(name: str) -> str:
    """Return how a name stands in a sentence: as in the config, or as a reader writes it, at its start too."""
    words = re.escape(label(name))
    return f"{re.escape(name)}|(?i:{words[0]}){words[1:]}"


def mark_words(page: str, words: list[Word], names: Mapping[str, str]) -> Markup:
    """Return the page with each word a link to its definition, where it first stands in each section.

    Parameters
    ----------
    page
        HTML whose text stands in a main element, and in which the definitions have the words' anchors.
    names
        Texts that name something with an address of its own, with that address: each is a link wherever it stands.
    """
    marker = _Marker(words, names)
    tokens = [
        marker.text(token) if index % 2 == 0 else marker.tag(token) for index, token in enumerate(_TAG.split(page))
    ]
    return Markup("".join(tokens))  # noqa: S704 - what was a page is one


class _Marker:
    """Reads a page from its start, and knows where it stands: in which elements, and which words were marked there."""

    def __init__(self, words: list[Word], names: Mapping[str, str]) -> None:
        self._words = words
        self._forms = re.compile("|".join(rf"(?P<word{at}>\b(?:{word.forms})\b)" for at, word in enumerate(words)))
        self._addresses = {str(escape(name)): address for name, address in names.items()}
        longest_first = sorted(map(re.escape, self._addresses), key=len, reverse=True)
        self._names = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)" if longest_first else r"(?!)")
        self._inside: list[str] = []
        self._marked: set[str] = set()

    def tag(self, token: str) -> str:
        """Take note of a tag or a comment, and return it as it is."""
        found = _NAME.match(token)
        if found is None or token.endswith("/>"):
            return token
        if (defined := _DEFINITION.search(token)) is not None:
            # Within its own definition a word is not explained by it.
            self._marked.add(defined[1])
        name = found[2].lower()
        if name == "section":
            self._marked.clear()
        if name in _CLOSED or name == "main":
            if not found[1]:
                self._inside.append(name)
            elif name in self._inside:
                del self._inside[len(self._inside) - 1 - self._inside[::-1].index(name) :]
        return token

    def text(self, token: str) -> str:
        """Return a text between two tags with names and words marked."""
        if self._inside != ["main"]:
            return token
        parts, at = [], 0
        for found in self._names.finditer(token):
            link = f'<a class="cell" href="{escape(self._addresses[found[0]])}">{found[0]}</a>'
            parts += [self._forms.sub(self._mark, token[at : found.start()]), link]
            at = found.end()
        return "".join([*parts, self._forms.sub(self._mark, token[at:])])

    def _mark(self, found: re.Match[str]) -> str:
        word = self._words[int(str(found.lastgroup).removeprefix("word"))]
        if word.anchor in self._marked:
            return found[0]
        self._marked.add(word.anchor)
        return f'<a class="word" href="#{word.anchor}">{found[0]}</a>'
