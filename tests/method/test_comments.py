from textwrap import dedent

from accelerator.method.comments import comments


def of(source: str) -> dict[str, dict[str, list[str]]]:
    return comments(dedent(source).encode())


def test_comments_before_beside_and_after():
    found = of(
        """
        options = {
            # before one
            # in two lines
            "one": 1,
            "two": 2,  # beside two
            "three": 3,  # beside three
                         # and further
            # before four
            "four": [
                int,  # inside
            ],  # at its end

            # far away

            "five": 5,
        }
        """
    )
    assert found["options"] == {
        "one": ["before one", "in two lines"],
        "two": ["beside two"],
        "three": ["beside three", "and further"],
        "four": ["before four", "inside", "at its end"],
    }


def test_options_as_a_call_and_with_annotation():
    found = of(
        """
        options: dict = dict(
            one=1,  # first
            two=2,
        )
        """
    )
    assert found["options"] == {"one": ["first"]}


def test_datasets_and_jobs():
    found = of(
        """
        datasets = (
            "source",  # what is read
            ["more"],  # several
        )
        jobs = ("previous",)  # not inside, but beside the name
        """
    )
    assert found["datasets"] == {"source": ["what is read"], "more": ["several"]}
    assert found["jobs"] == {"previous": ["not inside, but beside the name"]}


def test_a_comment_above_the_whole_dict_belongs_to_nobody():
    assert of("# above\noptions = {\n    'one': 1,\n}\n")["options"] == {}


def test_marks_in_strings_are_no_comments():
    assert of("options = {\n    'one': '# no',  # yes\n    'two': ''' \n    # no\n    ''',\n}")["options"] == {
        "one": ["yes"]
    }


def test_what_cannot_be_read_has_no_comments():
    nothing = {"options": {}, "datasets": {}, "jobs": {}}
    assert of("options = {") == nothing
    assert of("options = f()") == nothing
    assert of("def options(): pass  # c") == nothing
    assert of("options = 5  # c") == nothing
    assert of("a, options = 1, {}  # c") == nothing
