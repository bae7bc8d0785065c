# azd runs this after each deployment, on Windows. The work is in Python, the same for all systems.
Set-Location (Join-Path $PSScriptRoot '../..')
foreach ($python in 'python3', 'python') {
    if (Get-Command $python -ErrorAction SilentlyContinue) {
        & $python -c 'import sys; sys.exit(sys.version_info < (3, 11))' *> $null
        if ($LASTEXITCODE -eq 0) {
            & $python -m infra.hooks.postdeploy
            exit $LASTEXITCODE
        }
    }
}
[Console]::Error.WriteLine("darkroom: Python 3.11 or later is needed here. Install it, then run 'azd hooks run postdeploy'.")
exit 1
