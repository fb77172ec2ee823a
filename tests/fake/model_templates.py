# ruff: noqa: E501 - a template is as long as it is
"""Chat templates in the manner of well-known models, and the prompts that minijinja 2.8.0 makes of them.

The prompts are for `MESSAGES`, with `<s>` and `</s>` as tokens, no tools, and TGI's replacements in the template.
"""

from __future__ import annotations

MESSAGES = (
    ("system", " Be kind. "),
    ("user", " Hello <b> & you"),
    ("assistant", "<think>\nwell\n</think>\n\nHi!"),
    ("user", "Bye\nnow"),
)

MODELS = {
    # Turns between header marks, tools listed as JSON: after Llama 3.
    "header_ids": (
        """{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|header|>system<|/header|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Tools: " + (tools | map(attribute="function") | map(attribute="name") | join(", ")) + "\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot|>" }}
{%- for message in messages %}
    {{- '<|header|>' + message['role'] + '<|/header|>\\n\\n' + message['content'] | trim + '<|eot|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|header|>assistant<|/header|>\\n\\n' }}
{%- endif %}
""",
        "<s><|header|>system<|/header|>\n\nBe kind.<|eot|><|header|>user<|/header|>\n\nHello <b> & you<|eot|><|header|>assistant<|/header|>\n\n<think>\nwell\n</think>\n\nHi!<|eot|><|header|>user<|/header|>\n\nBye\nnow<|eot|><|header|>assistant<|/header|>\n\n",
    ),
    # One line, turns between marks: ChatML.
    "im_start": (
        """{% for message in messages %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}""",
        "<|im_start|>system\n Be kind. <|im_end|>\n<|im_start|>user\n Hello <b> & you<|im_end|>\n<|im_start|>assistant\n<think>\nwell\n</think>\n\nHi!<|im_end|>\n<|im_start|>user\nBye\nnow<|im_end|>\n<|im_start|>assistant\n",
    ),
    # The system message inside the first instruction: after Llama 2 and Mistral.
    "inst": (
        """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
        "<s>[INST] <<SYS>>\n Be kind. \n<</SYS>>\n\n Hello <b> & you [/INST] <think>\nwell\n</think>\n\nHi! </s><s>[INST] Bye\nnow [/INST]",
    ),
    # The system message before the first turn, white space stripped everywhere: after Gemma.
    "turns": (
        """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is iterable and message['content'] is not string -%}
        {%- for item in message['content'] -%}{{ item['text'] | trim }}{%- endfor -%}
    {%- else -%}
        {{ message['content'] | trim }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
""",
        "<s><start_of_turn>user\n Be kind. \n\nHello <b> & you<end_of_turn>\n<start_of_turn>model\n<think>\nwell\n</think>\n\nHi!<end_of_turn>\n<start_of_turn>user\nBye\nnow<end_of_turn>\n<start_of_turn>model\n",
    ),
    # Written for trim_blocks, which TGI does not have: after Zephyr.
    "untrimmed": (
        """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
        "\n\n<|system|>\n Be kind. </s>\n\n\n\n\n<|user|>\n Hello <b> & you</s>\n\n\n\n\n<|assistant|>\n<think>\nwell\n</think>\n\nHi!</s>\n\n\n\n\n<|user|>\nBye\nnow</s>\n\n\n<|assistant|>\n\n",
    ),
    # A namespace, a reversed list, Python methods: after Qwen 3.
    "thinking": (
        """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and not(message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content %}
    {%- if message.role == "assistant" and '</think>' in content %}
        {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {{- '[' ~ loop.index0 ~ '>' ~ ns.last_query_index ~ ':' ~ reasoning ~ ']' }}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if enable_thinking is defined and enable_thinking is false %}
    {{- '<think>\\n\\n</think>\\n\\n' }}
{%- endif %}""",
        "<|im_start|>system\n Be kind. <|im_end|>\n<|im_start|>user\n Hello <b> & you<|im_end|>\n[2>3:well]<|im_start|>assistant\nHi!<|im_end|>\n<|im_start|>user\nBye\nnow<|im_end|>\n",
    ),
    # A macro that calls itself: after Command R+.
    "macro_types": (
        """{%- macro json_to_python_type(json_spec) -%}
    {%- set basic = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} -%}
    {%- if basic[json_spec.type] is defined -%}
        {{ basic[json_spec.type] }}
    {%- elif json_spec.type == "array" -%}
        {{ "List[" + json_to_python_type(json_spec['items']) + "]" }}
    {%- else -%}
        Any
    {%- endif -%}
{%- endmacro -%}
{%- set spec = {"q": {"type": "string"}, "n": {"type": "array", "items": {"type": "integer"}}, "x": {"type": "null"}} -%}
{% for name, s in spec.items() %}{{ name }}: {{ json_to_python_type(s) }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for m in messages %}{{ loop.cycle('>', '<') }}{{ m.content | replace('\\n', ' ') | upper }}{% endfor %}""",
        "n: List[int], q: str, x: Any\n> BE KIND. < HELLO <B> & YOU><THINK> WELL </THINK>  HI!<BYE NOW",
    ),
    # Tags that only training knows.
    "generation_tags": (
        """{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.role ~ ': ' ~ m.content }}
{% endif %}{% endfor %}""",
        "system:  Be kind. \nuser:  Hello <b> & you\n<think>\nwell\n</think>\n\nHi!user: Bye\nnow\n",
    ),
}
