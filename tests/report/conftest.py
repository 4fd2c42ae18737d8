"""The page's record of m43, made once for what is asked of the record and of the page in a browser."""

import pytest

import heurex
from heurex.report.page import page_record


@pytest.fixture(scope="session")
def m43_record():
    return page_record(heurex.load("m43"), copies=4)
