<?php
// A webhook as one writes it for shared hosting: checks the token, asks the model with curl, answers
// with JSON, or hands the stream through. The server gives BENCH_TOKEN and BENCH_CLIENTS (NAME=URL ...).

function answer(int $status, array $value): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode($value), "\n";
    exit;
}

$urls = [];
foreach (explode(' ', $_SERVER['BENCH_CLIENTS']) as $client) {
    [$name, $url] = explode('=', $client, 2);
    $urls[$name] = $url;
}
$url = $urls[basename(strtok($_SERVER['REQUEST_URI'], '?'))] ?? null;
if ($url === null)
    answer(404, ['ok' => false, 'error' => 'no such webhook']);
if (!hash_equals('Bearer ' . $_SERVER['BENCH_TOKEN'], $_SERVER['HTTP_AUTHORIZATION'] ?? ''))
    answer(401, ['ok' => false, 'error' => 'wrong token']);
$call = json_decode(file_get_contents('php://input'), true);
if (!is_array($call))
    answer(400, ['ok' => false, 'error' => 'not JSON']);
$stream = !empty($call['stream']);

$text = '';
$rest = '';
$take = function ($curl, string $data) use (&$text, &$rest, $stream): int {
    if ($stream) {
        echo $data;
        flush();
        return strlen($data);
    }
    $rest .= $data;
    while (($end = strpos($rest, "\n")) !== false) {
        $line = substr($rest, 0, $end);
        $rest = substr($rest, $end + 1);
        if (strncmp($line, 'data: {', 7) === 0)
            $text .= json_decode(substr($line, 6), true)['choices'][0]['delta']['content'] ?? '';
    }
    return strlen($data);
};

if ($stream) {
    header('Content-Type: text/event-stream');
    header('X-Accel-Buffering: no');
    while (ob_get_level())
        ob_end_clean();
}
$curl = curl_init($url);
curl_setopt_array($curl, [
    CURLOPT_POST => true,
    CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Authorization: Bearer none'],
    CURLOPT_POSTFIELDS => json_encode(['model' => 'mock-1', 'stream' => true,
        'stream_options' => ['include_usage' => true],
        'messages' => [['role' => 'user', 'content' => $call['prompt'] ?? '']]]),
    CURLOPT_WRITEFUNCTION => $take,
]);
$ok = curl_exec($curl);
if ($stream)
    exit;
if (!$ok)
    answer(502, ['ok' => false, 'error' => curl_error($curl)]);
answer(200, ['ok' => true, 'response' => $text]);
