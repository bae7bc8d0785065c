"""The rounds of an embedding job: each gets further, and costs few calls, storage requests and pauses."""

import threading
from collections import Counter
from typing import Any

import pytest

from shared.clients.embedding_answer import EmbeddingAnswer
from shared.errors import Throttled
from shared.messages import Status
from tests.unit.embeddings.lab import Lab
from tests.unit.embeddings.mischief import before_each, embedding


def test_a_picture_below_a_prefix_costs_few_storage_requests() -> None:
    """The listing knows its version already; and what an earlier round paid for is only looked up in the ledger."""
    lab = Lab.make()
    for shade in range(10):
        lab.picture(f"shop/{shade}.png", shade)
    lab.model.faults.extend([None] * 9 + [Throttled("later", after=7)])
    rounds: list[Counter[str]] = [Counter(), Counter()]

    def note(name: str, args: tuple[Any, ...]) -> None:
        if str(args[0]).startswith(("images/shop/", "ledger/embedding/")):
            rounds[0].update([name])

    before_each(lab, note, "find", "download", "create", "lease")
    lab.deliver({"images": "images/shop/"})
    rounds.insert(0, Counter())
    lab.again()

    assert rounds[1] == {"download": 10, "find": 20, "create": 10, "lease": 10}
    from_ledger = 9
    assert rounds[0] == {"download": 1 + from_ledger, "find": 10 + 1, "create": 1, "lease": 1}


def test_calls_at_once_are_as_many_as_the_setting_says() -> None:
    """No more, for a quota counts them; and no fewer, while others are read and stored."""
    lab = Lab.make(embedding_calls=3)
    at_model, most, lock = [0], [0], threading.Lock()
    together, never = threading.Barrier(3, timeout=10), threading.Event()

    def meet() -> None:
        with lock:
            at_model[0] += 1
            most[0] = max(most[0], at_model[0])
        together.wait()
        never.wait(0.05)  # a fourth would come in now
        with lock:
            at_model[0] -= 1

    embedding(lab, meet)
    record = lab.run(*({"image": lab.picture(f"{shade}.png", shade)} for shade in range(12)))

    assert (record.vectors, most[0]) == (12, 3)


def test_one_bad_text_among_many_is_found_in_few_calls() -> None:
    """Asking for each of the others by itself would take as long as all other calls of the job."""
    lab = Lab.make()
    asked: list[int] = []
    embedding(lab, lambda: asked.append(1))

    record = lab.run(*({"text": "bad" if number == 70 else f"text {number}"} for number in range(96)))

    assert (record.vectors, [one.input for one in record.failed_inputs]) == (95, [71])
    assert len(asked) < 16


def test_the_search_for_a_refused_text_ends_with_its_round() -> None:
    """With a slow model it would outlast the host's patience; each round gets further, and pays nothing twice."""
    lab = Lab.make()
    inputs = [{"text": f"text {number}"} for number in range(40)]
    inputs[5]["text"] = "bad"
    embedding(lab, lambda: lab.bench.clock.forward(seconds=50))
    started = lab.bench.clock()

    lab.deliver(*inputs)
    took = lab.bench.clock() - started
    while lab.waiting():
        lab.again()
    record = lab.record()

    assert took.total_seconds() < 300
    assert [one.input for one in record.failed_inputs] == [6]
    asked = sorted(text for call in lab.model.calls for text in call.texts)
    assert asked == sorted(one["text"] for one in inputs if one != inputs[5])


def test_a_round_in_which_reading_takes_long_still_gets_further() -> None:
    """Its time begins with its first call, not with the thousandth look at what is known."""
    lab = Lab.make()
    inputs = [{"image": lab.picture(f"{shade}.png", shade)} for shade in range(3)]
    before_each(lab, lambda _, __: lab.bench.clock.forward(minutes=5), "find")

    record = lab.run(*inputs)

    assert (record.status, len(lab.model.calls)) == (Status.SUCCEEDED, 3)


def test_the_pause_that_was_asked_for_first_is_kept() -> None:
    """A call that gives up because another was refused does not bring the job back at once."""
    lab = Lab.make(embedding_calls=4)
    lab.model.faults.extend([Throttled("later", after=70)] * 12)

    lab.deliver(*({"image": lab.picture(f"{shade}.png", shade)} for shade in range(12)))

    [posted] = lab.waiting()
    assert posted.delay >= 70


def test_an_answer_with_many_vectors_is_read_once_for_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's figures stand between its text and that of the next; a hundred texts are megabytes to parse."""
    lab = Lab.make()
    inputs: list[dict[str, Any]] = []
    for shade in range(20):
        inputs += [{"text": f"{shade}"}, {"image": lab.picture(f"{shade}.png", shade)}]
    read, reads = EmbeddingAnswer.read, [0]

    def counted(*args: Any) -> EmbeddingAnswer:
        reads[0] += 1
        return read(*args)

    monkeypatch.setattr(EmbeddingAnswer, "read", counted)
    record = lab.run(*inputs)

    assert record.vectors == 40
    assert reads[0] == 2 * len(lab.model.calls)
