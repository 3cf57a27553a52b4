"""Threads and forks: every batch is counted whole and once, and what is read is of one moment, whoever else is at work."""

import copy
import gc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from functools import partial

import pytest
import torch

from torch_binmetrics import (
    BinaryAUROC,
    BinaryBrierScore,
    BinaryConfusionMatrix,
    BinaryRecall,
    Exact,
    MetricCollection,
)
from torch_binmetrics.state import guard
from torch_binmetrics.state.guard import Guard, held

ROUNDS = 40
BATCH = 20_000
PREDS = torch.rand(BATCH, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(BATCH) % 2

KINDS = {
    "an area": BinaryAUROC,
    "at a threshold": lambda: BinaryRecall(0.3),
    "exact": lambda: BinaryAUROC(Exact()),
    "a mean loss": BinaryBrierScore,
    "weighted": lambda: BinaryAUROC(weighted=True),
}


def at_once(*tasks):
    """Run functions in threads that start together, and raise what one of them raised."""
    start, errors = threading.Barrier(len(tasks)), []

    def run(task):
        start.wait()
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads), "the threads wait for each other"
    if errors:
        raise errors[0]


def counting(metric, rounds=ROUNDS):
    """A task that counts the batch many times."""

    def task():
        for _ in range(rounds):
            metric.update(PREDS, LABELS)

    return task


def until_done(task, *others):
    """Do the others again and again, twice at least, in threads of their own while a task runs."""
    done = threading.Event()

    def once():
        try:
            task()
        finally:
            done.set()

    def again(other):
        def loop():
            other()
            while not done.is_set():
                other()
            other()

        return loop

    at_once(once, *map(again, others))


@pytest.fixture(autouse=True)
def _many_switches():
    """Let threads take turns far more often than they would, so that what can go wrong does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def total(metric):
    return float(metric.histogram.counts.sum())


@pytest.mark.parametrize("kind", KINDS)
def test_threads_that_update_one_metric_lose_no_sample(kind):
    metric, once = KINDS[kind](), KINDS[kind]()
    rounds = 10 if kind == "exact" else ROUNDS
    at_once(*[counting(metric, rounds)] * 3)
    once.update(PREDS, LABELS)
    assert total(metric) == 3 * rounds * BATCH
    assert torch.equal(metric.histogram.counts, 3 * rounds * once.histogram.counts)
    for summand in metric.sums:
        sums, expected = metric.histogram.sums(summand).sum(), 3 * rounds * once.histogram.sums(summand).sum()
        torch.testing.assert_close(sums, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reset_forgets_whole_batches(kind):
    metric, seen = KINDS[kind](), []

    def forget():
        state = metric.state_dict()
        metric.reset()
        seen.append(state)

    until_done(counting(metric, 10 if kind == "exact" else ROUNDS), forget)
    seen.append(metric.state_dict())
    other = KINDS[kind]()
    for state in seen:
        other.load_state_dict(state)
        assert total(other) % BATCH == 0


READS = {
    "state_dict": lambda metric: metric.state_dict()["counts"],
    "compute": lambda metric: metric.confusion(sync=True),
    "the counts": lambda metric: metric.histogram.counts,
    "a clone": lambda metric: metric.clone().histogram.state,
    "a deepcopy": lambda metric: copy.deepcopy(metric).histogram.state,
    "a pickle": lambda metric: pickle.loads(pickle.dumps(metric)).histogram.state,
    "a sum": lambda metric: metric.summed().histogram.state,
    "a merge": lambda metric: merged(metric).histogram.state,
}


def merged(metric):
    other = BinaryConfusionMatrix()
    other.merge_state(metric)
    return other


@pytest.mark.parametrize("how", READS)
def test_what_is_read_while_others_count_is_of_whole_batches(how):
    metric, seen = BinaryConfusionMatrix(), []
    until_done(counting(metric, 4 * ROUNDS), lambda: seen.append(READS[how](metric)))
    assert len(seen) > 1
    for read in seen:
        counts = torch.stack(list(read)) if isinstance(read, tuple) else read.flatten()[:4]
        assert int(counts.sum()) % BATCH == 0


def test_a_collection_is_read_at_one_moment():
    metrics = MetricCollection({"area": BinaryAUROC(), "odd": BinaryConfusionMatrix(0.3), "brier": BinaryBrierScore()})
    assert len(metrics.histograms) == 3
    seen = []

    def read():
        copied = metrics.clone().histograms
        loaded = metrics.clone()
        loaded.load_state_dict(metrics.state_dict())
        seen.extend([[int(each.counts.sum()) for each in histograms] for histograms in (copied, loaded.histograms)])
        values = metrics.compute(sync=False)
        seen.append([int(values["odd"].sum())])

    until_done(counting(metrics), read, read)
    assert {len(set(numbers)) for numbers in seen} == {1}
    assert all(number % BATCH == 0 for [number, *_] in seen)


def test_calling_a_metric_in_threads_counts_each_batch_once():
    metric = BinaryAUROC()
    metrics = MetricCollection({"area": BinaryAUROC(), "odd": BinaryRecall(0.3)})
    at_once(*[lambda: [each(PREDS, LABELS) for each in (metric, metrics) for _ in range(10)]] * 3)
    assert total(metric) == 30 * BATCH
    assert [int(histogram.counts.sum()) for histogram in metrics.histograms] == [30 * BATCH] * 2


def test_metrics_that_are_merged_into_each_other_at_once_do_not_wait_for_each_other():
    one, two = BinaryRecall(), BinaryRecall()
    few = 8
    metrics = [MetricCollection([BinaryRecall()]) for _ in range(2)]
    for each in (one, two, *metrics):
        each.update(PREDS, LABELS)
    at_once(
        lambda: [one.merge_state(two) for _ in range(few)],
        lambda: [two.merge_state(one) for _ in range(few)],
        lambda: [metrics[0].merge_state(metrics[1]) for _ in range(few)],
        lambda: [metrics[1].merge_state(metrics[0]) for _ in range(few)],
    )
    assert total(one) % BATCH == total(two) % BATCH == 0


def test_a_signal_handler_may_save_what_the_thread_was_counting():
    metric, saved = BinaryAUROC(), []

    def save(*_):
        saved.append(metric.clone().histogram.counts.sum())
        signal.setitimer(signal.ITIMER_REAL, 0.001)

    before = signal.signal(signal.SIGALRM, save)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    try:
        until = time.monotonic() + 60
        while len(saved) < 20 and time.monotonic() < until:
            metric.update(PREDS, LABELS)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(saved) >= 20
    assert all(int(number) % BATCH == 0 for number in saved)


def in_child(task):
    """What a task returns in a forked process, which ends there."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(sending, repr(task()).encode())
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as told:
        answer = told.read()
    os.waitpid(child, 0)
    return answer


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_is_forked_while_threads_count_has_whole_batches_and_counts_on():
    metric, answers = BinaryAUROC(), []
    small = PREDS[:100], LABELS[:100]

    def child():
        signal.alarm(60)  # a lock that nobody releases would hold it for ever
        inherited = int(metric.histogram.counts.sum())
        metric.update(*small)
        return inherited, int(metric.histogram.counts.sum())

    until_done(counting(metric, 10 * ROUNDS), lambda: answers.append(in_child(child)))
    assert len(answers) > 1
    for answer in answers:
        inherited, after = eval(answer)
        assert inherited % BATCH == 0
        assert after == inherited + 100


def test_a_copy_has_a_guard_of_its_own_and_the_histograms_of_a_collection_have_one():
    metrics = MetricCollection({"area": BinaryAUROC(), "odd": BinaryRecall(0.3)})
    for each in (metrics, metrics.clone(), copy.deepcopy(metrics), pickle.loads(pickle.dumps(metrics)), metrics.summed()):
        assert len({histogram.guard for histogram in each.histograms}) == 1
        assert each is metrics or each.histograms[0].guard is not metrics.histograms[0].guard


def test_guards_are_taken_in_one_order_by_all_threads():
    guards = [Guard() for _ in range(5)]
    at_once(*(partial(hold_often, order) for order in (guards, guards[::-1], guards * 2)))


def hold_often(guards):
    for _ in range(200):
        with held(guards):
            pass


def test_guards_that_are_gone_are_forgotten():
    gc.collect()
    before = len(guard._alive)
    metrics = [BinaryRecall() for _ in range(10)]
    assert len(guard._alive) == before + 10
    del metrics
    gc.collect()
    assert len(guard._alive) == before


def test_another_process_updates_a_metric_that_it_was_handed():
    metric = BinaryRecall()
    metric.update(PREDS, LABELS)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_total_after_one_more, (metric,)) == 2 * BATCH
    assert total(metric) == BATCH


def _total_after_one_more(metric):
    metric.update(PREDS, LABELS)
    return int(metric.histogram.counts.sum())
