"""Ctrl-C while Java is at work: seen between two polls, and never lost."""

import os
import signal

import pytest

from pydl4j_spark.engine.interrupts import interrupts


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_it_is_a_flag_at_first_and_an_interrupt_the_second_time():
    with pytest.raises(KeyboardInterrupt), interrupts() as interrupted:
        assert not interrupted()
        press()
        assert interrupted()
        press()
        pytest.fail("the second one interrupts at once")


def test_one_that_comes_as_the_work_ends_is_not_lost():
    done = False
    with pytest.raises(KeyboardInterrupt), interrupts():
        press()
        done = True
    assert done


def test_what_went_wrong_meanwhile_is_told_instead():
    with pytest.raises(ValueError, match="the work"), interrupts():
        press()
        raise ValueError("the work")


def test_the_handler_that_was_there_is_there_again():
    before = signal.getsignal(signal.SIGINT)
    with interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
