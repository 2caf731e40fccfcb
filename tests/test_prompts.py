"""What may be written for a prompt, and the folder it gets."""

import pytest

from jaxpaint import prompts


def test_spaces_are_tidied_and_nothing_else():
    assert prompts.parse("  black \n\t sheep ") == "black sheep"
    assert prompts.parse("Ein schwarzes Schäfchen!") == "Ein schwarzes Schäfchen!"


@pytest.mark.parametrize("prompt", ["", "   ", "\n", "?!", "--", "_", "…"])
def test_prompts_without_words_are_refused_in_one_line(prompt):
    with pytest.raises(prompts.PromptError) as error:
        prompts.parse(prompt)
    assert "--prompt=" in str(error.value) and "\n" not in str(error.value)


def test_what_is_no_text_is_refused():
    for text in ("caf\udce9 cat", "cat \ud83d"):  # a byte of Latin-1 in a command; half a character
        with pytest.raises(prompts.PromptError, match="not UTF-8"):
            prompts.parse(text)


def test_folder_names_are_safe_short_and_tell_seeds_apart():
    assert prompts.folder_name("Black sheep!", 3) == "black-sheep-seed3"
    name = prompts.folder_name("../../etc/passwd " * 20, 0)
    assert len(name) <= 80 and "/" not in name and not name.startswith(".")


def test_an_emoji_is_a_prompt_and_names_its_folder():
    assert prompts.parse(" 🐱 ") == "🐱"
    assert prompts.folder_name("🐱", 0) == "cat-face-seed0"
    assert prompts.folder_name("a 🐱!", 0) == "a-cat-face-seed0"


def test_canvas_sizes():
    assert prompts.parse_size("", default=224) == (224, 224)
    assert prompts.parse_size("96", default=224) == (96, 96)
    assert prompts.parse_size("192x128", default=64) == (192, 128)
    for bad in ("8", "0x64", "64x", "9999", "-64", "big"):
        with pytest.raises(prompts.PromptError, match="canvas size"):
            prompts.parse_size(bad, default=64)


def test_a_text_file_holds_a_prompt_a_line(tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text(
        "\ufeff# animals\n\nblack sheep\n  red   apple --seed=7\na fish --weight=0.5 --seed 2\n"
        "cat -- asleep --weight=3\n",
        encoding="utf-8",
    )
    assert prompts.read_file(file) == [
        ("black sheep", None, 1.0), ("red apple", 7, 1.0), ("a fish", 2, 0.5),
        ("cat -- asleep", None, 3.0),
    ]  # fmt: skip


def test_a_jsonl_file_holds_an_object_a_line(tmp_path):
    file = tmp_path / "prompts.jsonl"
    file.write_text('{"prompt": "black sheep"}\n{"prompt": "red apple", "seed": 7, "weight": 2}\n')
    assert prompts.read_file(file) == [("black sheep", None, 1.0), ("red apple", 7, 2.0)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_systems_end_them_and_nowhere_else(tmp_path, end):
    file = tmp_path / "prompts.jsonl"
    lines = ['{"prompt": "a cat\u2028asleep"}', "", '{"prompt": "red apple"}', ""]
    file.write_bytes(("\ufeff" + end.join(lines)).encode())
    assert [line.prompt for line in prompts.read_file(file)] == ["a cat asleep", "red apple"]


def test_bytes_that_are_no_text_are_told(tmp_path):
    (tmp_path / "a.txt").write_bytes("café".encode("latin-1"))
    with pytest.raises(prompts.PromptError, match="not UTF-8.*give a text file in UTF-8"):
        prompts.read_file(tmp_path / "a.txt")
    with pytest.raises(prompts.PromptError, match="Is a directory|denied"):
        prompts.read_file(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", "[" * 100_000, "not JSON"),
        ("a.txt", "\n  \n\t\n", "no prompt"),
        ("a.txt", "", "no prompt"),
        ("a.txt", "sheep\n!!!\n", "line 2"),
        ("a.txt", "sheep --weight=x", "--seed"),
        ("a.txt", "sheep --seed=1 --seed=2", "once"),
        ("a.txt", "sheep --colour=red", "--seed"),
        ("a.jsonl", '{"prompt": "sheep", "weight": -1}', "from 0 to 1000000"),
        ("a.jsonl", '{"prompt": "sheep", "weight": "x"}', "from 0 to 1000000"),
        ("a.jsonl", '{"prompt": "sheep", "weight": NaN}', "from 0 to 1000000"),
        ("a.jsonl", '{"prompt": "sheep", "weight": 1' + 400 * "0" + "}", "from 0 to 1000000"),
        ("a.txt", f"sheep --seed={2**32}", "whole number"),
        ("a.txt", "# nothing", "no prompt"),
        ("a.jsonl", "sheep", "not JSON"),
        ("a.jsonl", '{"prompt": "sheep", "sed": 1}', '"seed"'),
        ("a.jsonl", '{"prompt": "sheep", "seed": -1}', "whole number"),
        ("a.jsonl", '{"prompt": "sheep", "seed": true}', "whole number"),
        ("a.jsonl", '{"seed": 1}', '"prompt"'),
        ("none.txt", None, "cannot read"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, name, text, words):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(prompts.PromptError, match=words):
        prompts.read_file(tmp_path / name)
