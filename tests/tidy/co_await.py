"""Finds the full-expressions around `co_await` in C++ text from which comments and string contents are gone."""

import re

_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE | re.DOTALL)
_DESIGNATED = re.compile(r"\{\s*\.\s*[A-Za-z_]")
_STRING_LIST = re.compile(r"\{\s*(?:u8|[uUL])?R?\"")
# A lambda's "[captures]": no name, ")" or "]" before it (that would be a subscript), parameters or a body after it.
_LAMBDA = re.compile(r"(?<![\w)\]\[])\[(?P<captures>[^\[\]]*)\]\s*(?=[({<]|mutable\b|->)")


def hazards(code):
    """(offset, what) of each co_await whose full-expression makes a temporary that g++ 12.2 destroys twice."""
    code = _DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), code)
    pairs = _matching(code)
    seen = set()
    for match in re.finditer(r"\bco_await\b", code):
        begin, expression = _full_expression(code, match.start(), pairs)
        if begin in seen:
            continue
        what = hazard(expression)
        if what:
            seen.add(begin)
            yield match.start(), what


def hazard(expression):
    if _DESIGNATED.search(expression):
        return "a designated-initialiser temporary {.name = ...}"
    if _STRING_LIST.search(expression):
        return 'a braced list of strings {"..."}'
    for match in _LAMBDA.finditer(expression):
        captures = [c.strip() for c in match.group("captures").split(",") if c.strip()]
        if any(not c.startswith("&") for c in captures):
            return f"a temporary lambda that captures by value [{match.group('captures').strip()}]"
    return None


def _matching(code):
    """Offset of each brace to the offset of its partner, both ways."""
    pairs, open_braces = {}, []
    for offset in (m.start() for m in re.finditer(r"[{}]", code)):
        if code[offset] == "{":
            open_braces.append(offset)
        elif open_braces:
            pairs[offset] = open_braces.pop()
            pairs[pairs[offset]] = offset
    return pairs


def _is_block(code, begin, end):
    """A brace pair around statements, as against a braced initialiser."""
    inside = code[begin + 1 : end]
    return ";" in inside and not _DESIGNATED.match(code[begin:end])


def _full_expression(code, at, pairs):
    """Offset and text of the full-expression around `at`; bodies of lambdas inside it are left out."""
    begin, parts = at, []
    while begin > 0:
        previous = code[begin - 1]
        if previous == ";":
            break
        if previous == "{" and _is_block(code, begin - 1, pairs.get(begin - 1, len(code))):
            break
        if previous == "}" and begin - 1 in pairs:
            opening = pairs[begin - 1]
            if _is_block(code, opening, begin - 1):
                if not re.match(r"\s*[,()]", code[begin:]):
                    break
                parts.append((opening, begin))
            elif not code[opening + 1 : begin - 1].strip() and re.match(r"\s*\n", code[begin:]):
                break  # an empty body that ends a function or statement
            begin = opening
            continue
        begin -= 1

    end, depth = at, code[begin:at].count("(") - code[begin:at].count(")")
    while end < len(code) and code[end] != ";":
        if code[end] == "{" and end in pairs and _is_block(code, end, pairs[end]):
            if depth <= 0:
                break
            parts.append((end, pairs[end] + 1))
            end = pairs[end]
        elif code[end] == "}" and pairs.get(end, end) < begin:
            break
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        end += 1

    text, position = "", begin
    for skip_begin, skip_end in sorted(parts):
        if skip_begin >= position:
            text += code[position:skip_begin] + "{}"
            position = skip_end
    return begin, text + code[position:end]
