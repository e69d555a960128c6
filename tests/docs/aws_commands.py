"""Holds commands of the AWS CLI against the AWS CLI's own tables of services, operations and options. Calls nothing.

In: a JSON array of commands, each an array of words without `aws`. Out: one line for each that is wrong: its number, and why.
"""

import json
import sys

from awscli.clidriver import create_clidriver
from awscli.customizations.waiters import WaitCommand

DRIVER = create_clidriver()
GLOBAL = {f"--{name}" for name in DRIVER._get_argument_table()}

# Version 2 alone has these (https://awscli.amazonaws.com/v2/documentation/api/latest/reference/); PyPI has version 1.
OF_VERSION_2 = {
    ("logs", "tail"): {"--since", "--follow", "--format", "--filter-pattern", "--log-stream-names", "--log-stream-name-prefix"},
    ("sso", "login"): {"--sso-session", "--no-browser", "--use-device-code"},
    ("configure", "export-credentials"): {"--format"},
}


def faults(words):
    options = [word.split("=")[0] for word in words if word.startswith("--")]
    name = " ".join(words[:2])
    if tuple(words[:2]) in OF_VERSION_2:
        known = OF_VERSION_2[tuple(words[:2])] | GLOBAL
        return [f"{name} takes no {option}" for option in options if option not in known]
    table, command, named = DRIVER._get_command_table(), None, []
    for word in words:
        if not table or word.startswith("-"):
            break
        if word not in table:
            return [f"the AWS CLI has no {' '.join(named + [word])}"]
        command = table[word]
        named.append(word)
        table = subcommands(command)
    if command and len(words) == 1:
        # A service is named in a sentence.
        return []
    if command is None or table:
        return [f"aws {' '.join(named)} is no whole command"]
    # In a sentence a command is named, and not called.
    return [] if len(words) == len(named) else wrong_options(" ".join(named), command.arg_table, words, options)


def wrong_options(command, arguments, words, options):
    # What is given by its place has no dashes.
    by_name = {f"--{name}": argument for name, argument in arguments.items() if argument.cli_name.startswith("--")}
    for option in options:
        if option not in by_name and option not in GLOBAL:
            yield f"{command} takes no {option}"
    for option, argument in by_name.items():
        if argument.required and option not in options and "--cli-input-json" not in options:
            yield f"{command} needs {option}"
        values = getattr(getattr(argument, "argument_model", None), "enum", None) or []
        for word, value in zip(words, words[1:]):
            # A variable may hold any.
            if values and word == option and "$" not in value and value not in values:
                yield f"{option} of {command} is one of {', '.join(values)}, and not {value}"


def subcommands(command):
    """Of a service its operations, of `wait` what is waited for; nothing where the command is whole."""
    if hasattr(command, "_get_command_table"):
        table = command._get_command_table()
    elif isinstance(command, WaitCommand) or getattr(command, "SUBCOMMANDS", None):
        table = command.subcommand_table
    else:
        table = {}
    return {name: one for name, one in table.items() if name != "help"}


def main():
    for number, words in enumerate(json.load(sys.stdin)):
        for fault in faults(words):
            print(f"{number} {fault}")


main()
